import GloveboxTables
import Testing

@Suite struct LatticeNumberTests {
    /// Bits from a fixed start, so that every run tries the same.
    private struct Bits {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    @Test(
        arguments: [
            (1.0, 16, 65536), (-1.0, 16, -65536), (0.5, 1, 1), (0.25, 1, 0), (0.75, 1, 2), (1.25, 1, 2), (-0.25, 1, 0),
            (-0.75, 1, -2), (0.0, 16, 0), (1e-30, 32, 0), (16_777_215, 16, 1_099_511_562_240),
        ] as [(Float, Int, Int64)]
    )
    func `a number goes to the nearest multiple, a tie to the even one`(number: Float, places: Int, multiple: Int64) {
        #expect(LatticeNumber.nearest(number.bitPattern, places: places) == multiple)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity, 16_777_216, -16_777_216, .greatestFiniteMagnitude])
    func `what is not finite, or too large, has no multiple`(number: Float) {
        #expect(LatticeNumber.nearest(number.bitPattern, places: 16) == nil)
    }

    @Test func `integers give what the processor's arithmetic gives`() throws {
        var bits = Bits()
        for _ in 0..<50_000 {
            let word = bits.next()
            let places = Int(word >> 58) % 33
            // Exponents around the lattice's own.
            let number =
                Float(sign: word & 1 == 0 ? .plus : .minus, exponent: Int(word >> 8 & 63) - 48, significand: 1)
                * (1 + Float(word >> 16 & 0x7f_ffff) / 8_388_608)
            let scaled = (Double(number) * Double(sign: .plus, exponent: places, significand: 1))
                .rounded(.toNearestOrEven)
            let multiple = LatticeNumber.nearest(number.bitPattern, places: places)
            #expect(multiple == (abs(scaled) < 0x1p40 ? Int64(scaled) : nil), "\(number) at \(places)")
            let value = Int64(bitPattern: bits.next()) >> Int64(word >> 40 & 63)
            let single = Float(value) * Float(sign: .plus, exponent: -places, significand: 1)
            #expect(LatticeNumber.single(value, places: places) == single.bitPattern, "\(value) at \(places)")
        }
    }
}
