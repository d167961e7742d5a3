internal import Glibc

/// The kernel's randomness, fetched 256 bytes at a time: the standard library's generator makes a system call for every
/// eight.
struct BufferedRandom: RandomNumberGenerator {
    /// The most that one call gives whole, whatever signals come.
    private static let words = 256 / 8

    private var left: [UInt64] = []

    mutating func next() -> UInt64 {
        if left.isEmpty {
            left = [UInt64](repeating: 0, count: Self.words)
            let result = unsafe left.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, $0.count) }
            precondition(result == 0, "the kernel has randomness")
        }
        // A number given is not kept.
        return left.removeLast()
    }
}
