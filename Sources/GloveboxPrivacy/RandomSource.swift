package import GloveboxCore

/// Independent fair bits.
package protocol RandomSource {
    /// The next `count` bits as a number; `count` is 0 to 127.
    ///
    /// - Throws: what the source throws when it has no more.
    mutating func bits(_ count: Int) throws(GloveboxError) -> UInt128
}

/// Bits of the operating system's generator, which ends the process when the kernel has none.
///
/// It holds at most one word, and only bits that no draw has used yet, so there is no seed and nothing to wipe.
package struct SystemRandom: RandomSource {
    private var generator = SystemRandomNumberGenerator()
    private var word: UInt64 = 0
    private var left = 0

    /// Starts with nothing in hand.
    package init() {}

    package mutating func bits(_ count: Int) -> UInt128 {
        var value: UInt128 = 0
        var wanted = count
        while wanted > 0 {
            if left == 0 {
                word = generator.next()
                left = 64
            }
            let taken = min(wanted, left)
            value = value << UInt128(taken) | UInt128(word & (UInt64.max >> UInt64(64 - taken)))
            word = taken == 64 ? 0 : word >> UInt64(taken)
            left -= taken
            wanted -= taken
        }
        return value
    }
}
