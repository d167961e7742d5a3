/// Single-precision numbers as whole multiples of 2^-n and back, in integer arithmetic alone.
///
/// Source: release policy section 12.
package enum LatticeNumber {
    /// Magnitudes stay below 2 to this.
    package static let width = 40

    /// The nearest multiple of 2^-places to a finite number, a tie to the even one; nil from 2^40 multiples on.
    ///
    /// Subnormal numbers count as zero.
    package static func nearest(_ bits: UInt32, places: Int) -> Int64? {
        let exponent = Int(bits >> 23 & 0xff)
        guard exponent > 0 else { return 0 }
        guard exponent < 0xff else { return nil }
        // The number is fraction · 2^(exponent - 150), the fraction below 2^24.
        let fraction = UInt64(bits & 0x7f_ffff | 0x80_0000)
        let shift = exponent - 150 + places
        guard shift <= width - 24 else { return nil }
        let magnitude = shift >= 0 ? fraction << UInt64(shift) : halfEven(fraction, dropping: -shift)
        guard magnitude >> UInt64(width) == 0 else { return nil }
        return bits >> 31 == 0 ? Int64(magnitude) : -Int64(magnitude)
    }

    /// The single-precision number nearest to value · 2^-places, a tie to the even one; `places` is 0 to 32.
    package static func single(_ value: Int64, places: Int) -> UInt32 {
        guard value != 0 else { return 0 }
        let magnitude = value.magnitude
        var width = 64 - magnitude.leadingZeroBitCount
        var fraction = width <= 24 ? magnitude << UInt64(24 - width) : halfEven(magnitude, dropping: width - 24)
        if fraction >> 24 == 1 { (fraction, width) = (fraction >> 1, width + 1) }
        let exponent = UInt32(width - 24 - places + 150)
        return (value < 0 ? 1 << 31 : 0) | exponent << 23 | UInt32(fraction & 0x7f_ffff)
    }

    // value / 2^count, to the nearest integer, a tie to the even one.
    private static func halfEven(_ value: UInt64, dropping count: Int) -> UInt64 {
        guard count > 0 else { return value }
        guard count < 64 else { return 0 }
        let (quotient, half) = (value >> UInt64(count), UInt64(1) << UInt64(count - 1))
        let rest = value & (half << 1 &- 1)
        return rest > half || (rest == half && !quotient.isMultiple(of: 2)) ? quotient + 1 : quotient
    }
}
