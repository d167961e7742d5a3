internal import Glibc

/// The kernel's randomness, fetched up to 256 bytes at a time: the standard library's generator makes a system call for
/// every eight.
struct BufferedRandom: RandomNumberGenerator {
    /// The most that one call gives whole, whatever signals come.
    private static let most = 256

    private let words: Int
    private var left: [UInt64] = []

    /// - Parameter expected: how many bytes will be asked for, as far as that is known.
    init(expecting expected: Int = most) { words = (min(expected, Self.most) + 7) / 8 }

    mutating func next() -> UInt64 {
        if left.isEmpty {
            left = [UInt64](repeating: 0, count: words)
            let result = unsafe left.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, $0.count) }
            precondition(result == 0, "the kernel has randomness")
        }
        // A number given is not kept.
        return left.removeLast()
    }
}
