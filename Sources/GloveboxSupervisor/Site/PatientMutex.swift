internal import Dispatch
internal import Synchronization

/// A lock for what is held while a disk answers: who waits sleeps at once.
///
/// `Mutex` has those who wait spin first, which pays where nothing is held for longer than a moment.
final class PatientMutex<Value: Sendable>: Sendable {
    private let turn = DispatchSemaphore(value: 1)
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    /// Does something while nobody else has the value.
    ///
    /// - Throws: what the closure throws.
    func withLock<Result: Sendable, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        turn.wait()
        defer { turn.signal() }
        return try value.withLock { (value) throws(Failure) in try body(&value) }
    }
}
