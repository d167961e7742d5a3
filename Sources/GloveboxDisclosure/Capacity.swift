/// How many bits a release can carry, in thousandths of a bit, rounded up.
///
/// Source: release policy section 7.3.
package enum Capacity {
    /// What every run tells by its status: one of three that a researcher can see.
    package static let status = millibits(domainSizes: [3])

    /// Adds log2 of the domain sizes.
    ///
    /// Integer arithmetic; the result is never below the true sum.
    package static func millibits(domainSizes: [Int64]) -> Int64 {
        var sum: UInt128 = 0
        for size in domainSizes { sum += UInt128(log2Up(UInt64(max(1, size)))) }
        return Int64((sum * 1000 + (1 << 32) - 1) >> 32)
    }

    // log2 in units of 2^-32, rounded up by less than 2^-30. The mantissa is squared digit by digit, each time upwards.
    private static func log2Up(_ value: UInt64) -> UInt64 {
        let whole = UInt64(63 - value.leadingZeroBitCount)
        var mantissa = UInt128(value) << UInt128(63 - whole)
        let one = UInt128(1) << 63
        guard mantissa > one else { return whole << 32 }
        var fraction: UInt64 = 0
        for _ in 0..<32 {
            mantissa = (mantissa * mantissa + (one - 1)) >> 63
            fraction <<= 1
            if mantissa >= one << 1 {
                fraction |= 1
                mantissa = (mantissa + 1) >> 1
            }
        }
        return whole << 32 + fraction + 1
    }

    /// The text of thousandths of a bit, such as `31.334`.
    package static func text(millibits: Int64) -> String {
        let rest = String(millibits % 1000)
        return "\(millibits / 1000)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest
    }
}
