internal import Dispatch
internal import GloveboxCore
internal import Synchronization

/// Callers whose events go into one record: each makes its own part ready, one works for all, the others wait until it is
/// done, as threads that sleep or as tasks that are suspended.
final class Gathering: Sendable {
    /// What became of the record.
    enum Outcome: Sendable {
        /// Its events are durable and signed.
        case done
        /// The log refuses.
        case refused(GloveboxError)

        /// - Throws: why it was refused.
        func check() throws(GloveboxError) { if case .refused(let error) = self { throw error } }
    }

    private struct Waiting: Sendable {
        var outcome: Outcome?
        var tasks: [CheckedContinuation<Outcome, Never>] = []
    }

    /// Threads that wait, woken with one call.
    private let threads = DispatchGroup()
    private let waiting = Mutex(Waiting())
    /// Set before the threads are let go without an error, so that they need not take turns at `waiting`.
    private let isDone = Atomic(false)
    /// How many parts are not ready, and one more as long as somebody may join.
    private let missing = Atomic(1)
    private let complete = DispatchSemaphore(value: 0)
    private let fault = Mutex<GloveboxError?>(nil)

    init() { threads.enter() }

    /// Counts a caller in; to be called before its part can be ready, and not once the parts are waited for.
    func join() { missing.add(1, ordering: .relaxed) }

    /// A caller's part is ready, or cannot be made.
    func ready(_ error: GloveboxError? = nil) {
        if let error { fault.withLock { $0 = error } }
        if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { complete.signal() }
    }

    /// Waits for the parts of all who joined.
    ///
    /// - Throws: what kept one from being made.
    func waitForParts() throws(GloveboxError) {
        ready()
        complete.wait()
        if let error = fault.withLock({ $0 }) { throw error }
    }

    /// Lets all go; what is said later is not heard.
    func release(_ outcome: Outcome) {
        let tasks: [CheckedContinuation<Outcome, Never>]? = waiting.withLock { waiting in
            guard waiting.outcome == nil else { return nil }
            waiting.outcome = outcome
            defer { waiting.tasks = [] }
            return waiting.tasks
        }
        guard let tasks else { return }
        for task in tasks { task.resume(returning: outcome) }
        if case .done = outcome { isDone.store(true, ordering: .releasing) }
        threads.leave()
    }

    /// Holds the thread until the record is there.
    ///
    /// - Throws: why it was refused.
    func wait() throws(GloveboxError) {
        threads.wait()
        if isDone.load(ordering: .acquiring) { return }
        try waiting.withLock { $0.outcome }?.check()
    }

    /// Suspends the task until the record is there.
    ///
    /// - Throws: why it was refused.
    func outcome() async throws(GloveboxError) {
        let outcome = await withCheckedContinuation { (task: CheckedContinuation<Outcome, Never>) in
            let known: Outcome? = waiting.withLock { waiting in
                if waiting.outcome == nil { waiting.tasks.append(task) }
                return waiting.outcome
            }
            if let known { task.resume(returning: known) }
        }
        try outcome.check()
    }
}
