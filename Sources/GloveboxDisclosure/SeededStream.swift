package import GloveboxCore

internal import struct Crypto.SHA256

/// A repeatable stream of random-looking numbers: SHA-256 over the seed and a 64-bit counter.
///
/// For mock data and row order, never for noise.
package struct SeededStream: Sendable {
    private let seed: [UInt8]
    private var counter: UInt64 = 0
    private var block: [UInt8] = []

    /// Starts a stream.
    package init(seed: Digest) { self.seed = seed.bytes }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        if block.isEmpty {
            var input = seed
            for shift in stride(from: 56, through: 0, by: -8) {
                input.append(UInt8(truncatingIfNeeded: counter >> shift))
            }
            counter += 1
            block = Array(SHA256.hash(data: input))
        }
        var value: UInt64 = 0
        for byte in block.prefix(8) { value = value << 8 | UInt64(byte) }
        block.removeFirst(8)
        return value
    }

    /// A number below `bound`, each with the same probability.
    ///
    /// The bound must not be zero.
    package mutating func below(_ bound: UInt64) -> UInt64 {
        // The last, incomplete run of `bound` numbers is drawn again.
        let reject = (UInt64.max % bound + 1) % bound
        while true {
            let value = next()
            if value <= UInt64.max - reject { return value % bound }
        }
    }

    /// Puts the elements into an order in which every permutation has the same probability.
    package mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for index in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(index, Int(below(UInt64(index + 1))))
        }
    }
}
