internal import Dispatch
internal import GloveboxCore

/// Runs what waits for disks on threads of its own, never on those that tasks share.
struct Offload: Sendable {
    private let queue: DispatchQueue

    /// Threads under a name; one at a time when they are serial.
    init(_ label: String, isSerial: Bool = false) {
        queue = DispatchQueue(label: label, attributes: isSerial ? [] : .concurrent)
    }

    /// Does it and returns what it gives.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(GloveboxError) -> Value
    ) async throws(GloveboxError) -> Value {
        let result: Result<Value, GloveboxError> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(GloveboxError) { continuation.resume(returning: .success(try body())) } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
