internal import Dispatch
internal import GloveboxCore
internal import Synchronization

/// Rung by many, heard by one: any number of rings before it is heard count as one.
final class Bell: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let isRung = Mutex(false)

    /// Rings.
    func ring() {
        let isFirst = isRung.withLock { isRung in
            defer { isRung = true }
            return !isRung
        }
        if isFirst { semaphore.signal() }
    }

    /// Waits for a ring, at most so many milliseconds.
    ///
    /// - Returns: whether it rang.
    @discardableResult
    func wait(milliseconds: Int? = nil) -> Bool {
        let deadline = milliseconds.map { DispatchTime.now() + .milliseconds($0) } ?? .distantFuture
        guard semaphore.wait(timeout: deadline) == .success else { return false }
        isRung.withLock { $0 = false }
        return true
    }
}
