internal import GloveboxCore

/// Entry bundles that are read side by side.
enum BundlesAhead {
    /// How many at a time.
    private static let most: UInt64 = 8

    /// One of them.
    private struct Read<Value: Sendable>: Sendable {
        let number: UInt64
        let value: Result<Value, GloveboxError>
    }

    /// The numbers of the next ones of a log of that size; empty after its last.
    static func numbers(from first: UInt64, size: UInt64) -> Range<UInt64> {
        let count = size / 256 + (size % 256 == 0 ? 0 : 1)
        return first..<max(first, min(count, first + most))
    }

    /// Reads bundles of those numbers; they come back in order.
    static func read<Value: Sendable>(
        _ numbers: Range<UInt64>,
        _ read: @escaping @Sendable (UInt64) async throws(GloveboxError) -> Value
    ) async -> [Result<Value, GloveboxError>] {
        await withTaskGroup(of: Read<Value>.self) { group in
            for number in numbers {
                group.addTask {
                    // Not as one expression: optimized code of Swift 6.3 may then give another number.
                    let value: Result<Value, GloveboxError>
                    do throws(GloveboxError) { value = .success(try await read(number)) } catch {
                        value = .failure(error)
                    }
                    return Read(number: number, value: value)
                }
            }
            var done: [Read<Value>] = []
            for await bundle in group { done.append(bundle) }
            return done.sorted { $0.number < $1.number }.map(\.value)
        }
    }
}
