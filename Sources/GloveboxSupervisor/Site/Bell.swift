internal import Foundation

/// Wakes threads and tasks that wait for the site's state to change.
final class Bell: Sendable {
    private let condition = NSCondition()
    private let count = Counter()

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
