internal import Foundation
internal import Synchronization

/// Wakes threads and tasks that wait for the site's state to change.
final class Bell: Sendable {
    private let condition = NSCondition()
    private let count = Counter()

    private let listeners = Mutex<[ObjectIdentifier: AsyncStream<Void>.Continuation]>([:])

    /// A task that is woken by each ring; it ends with whoever holds it.
    final class Listener: Sendable {
        /// One element for a ring or more.
        let wakes: AsyncStream<Void>
        fileprivate let continuation: AsyncStream<Void>.Continuation

        fileprivate init() {
            (wakes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        }

        /// Wakes this one alone.
        func wake() { continuation.yield() }
    }

    /// Waits without a thread.
    func listen() -> Listener {
        let listener = Listener()
        listeners.withLock { $0[ObjectIdentifier(listener)] = listener.continuation }
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

    /// Tells everyone that something changed.
    func ring() {
        condition.lock()
        unsafe count.value += 1
        condition.broadcast()
        condition.unlock()
        for listener in listeners.withLock({ Array($0.values) }) { listener.yield() }
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
