internal import Foundation
internal import GloveboxJobs
internal import Synchronization

/// Wakes threads and tasks that wait for the site's state to change.
final class Bell: Sendable {
    private let condition = NSCondition()
    private let count = Counter()

    private let listeners = Mutex<[ObjectIdentifier: Listener]>([:])

    /// One task that waits, and no thread with it.
    final class Listener: Sendable {
        /// The job it waits for; nil for all changes.
        fileprivate let job: String?
        /// The phases of its job that it waits for; nil for whatever happens.
        fileprivate let phases: Set<JobPhase>?
        /// One element for a ring or more.
        private let wakes: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation

        fileprivate init(_ job: String?, _ phases: Set<JobPhase>?) {
            (self.job, self.phases) = (job, phases)
            (wakes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        }

        fileprivate func wake() { continuation.yield() }

        fileprivate func hears(_ job: String?, _ phase: JobPhase?) -> Bool {
            if let phases { return job != nil && job == self.job && phase.map(phases.contains) == true }
            return job == nil || self.job == nil || job == self.job
        }

        /// Waits for a ring since the last one heard, at most so long.
        func next(within time: Duration) async {
            let alarm = Task {
                do { try await Task.sleep(for: time) } catch { return }
                wake()
            }
            var wakes = wakes.makeAsyncIterator()
            _ = await wakes.next()
            alarm.cancel()
        }
    }

    /// Begins to hear rings, those of one job or all; of a job's alone those that it comes to one of some phases with.
    func listen(to job: String? = nil, for phases: Set<JobPhase>? = nil) -> Listener {
        let listener = Listener(job, phases)
        listeners.withLock { $0[ObjectIdentifier(listener)] = listener }
        return listener
    }

    /// Ends what ``listen()`` began.
    func leave(_ listener: Listener) { listeners.withLock { $0[ObjectIdentifier(listener)] = nil } }

    /// A number that is only touched with the condition locked.
    private final class Counter: Sendable {
        nonisolated(unsafe) var value: UInt64 = 0
    }

    /// How often it has rung.
    var rings: UInt64 {
        condition.lock()
        defer { condition.unlock() }
        return unsafe count.value
    }

    /// Tells that something changed: those who wait for the job, or everyone; `phase` is the one that the job came to with it.
    func ring(of job: String? = nil, reaching phase: JobPhase? = nil) {
        condition.lock()
        unsafe count.value += 1
        condition.broadcast()
        condition.unlock()
        let woken = listeners.withLock { listeners in listeners.values.filter { $0.hears(job, phase) } }
        for listener in woken { listener.wake() }
    }

    /// Blocks this thread until it has rung more often than `rings`, or until the time; its count then.
    func wait(after rings: UInt64, until: Date) -> UInt64 {
        condition.lock()
        defer { condition.unlock() }
        while unsafe count.value <= rings {
            if !condition.wait(until: until) { break }
        }
        return unsafe count.value
    }
}
