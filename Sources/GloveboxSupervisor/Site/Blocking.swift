internal import Dispatch
internal import GloveboxCore
internal import Synchronization

/// What waits for another's server on a thread of its own; never called on a thread that tasks share.
enum Blocking {
    /// Waits for the end of something asynchronous.
    static func wait<Value: Sendable>(
        _ body: @escaping @Sendable () async throws(GloveboxError) -> Value
    ) throws(GloveboxError) -> Value {
        let (answer, done) = (Answer<Value>(), DispatchSemaphore(value: 0))
        Task {
            do throws(GloveboxError) {
                let value = try await body()
                answer.result.withLock { $0 = .success(value) }
            } catch { answer.result.withLock { $0 = .failure(error) } }
            done.signal()
        }
        done.wait()
        return try answer.result.withLock { $0 }.get()
    }

    /// Where the answer is put.
    private final class Answer<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, GloveboxError>>(.failure(GloveboxError("internal", "nothing was asked")))
    }
}
