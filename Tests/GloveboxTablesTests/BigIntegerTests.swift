import GloveboxTables
import Testing

@Suite struct BigIntegerTests {
    static func random(_ bits: Int) -> BigInteger {
        var value = BigInteger.zero
        for _ in 0..<(bits / 32 + 1) {
            // Limbs of all ones and of zeros are where a wrong carry shows.
            let limb = [UInt32.random(in: .min ... .max), .max, 0, 1 << 31].randomElement() ?? 0
            value = value * BigInteger(UInt64(1) << 32) + BigInteger(limb)
        }
        return Bool.random() ? value : -value
    }

    @Test func `agrees with 128-bit integers`() throws {
        for _ in 0..<4000 {
            let (a, b) = (Int128(Int64.random(in: .min ... .max)), Int128(Int64.random(in: .min ... .max)))
            let (x, y) = (BigInteger(a), BigInteger(b))
            #expect((x + y).int128 == a + b && (x - y).int128 == a - b && (x * y).int128 == a * b)
            #expect((x < y) == (a < b) && (x == y) == (a == b))
            guard b != 0 else { continue }
            let found = (x * x).quotientAndRemainder(dividingBy: y)
            let exact = (a * a).quotientAndRemainder(dividingBy: b)
            #expect(found.quotient.int128 == exact.quotient && found.remainder.int128 == exact.remainder)
        }
        #expect(BigInteger(Int128.min).int128 == nil && BigInteger(Int128.max).int128 == Int128.max)
    }

    @Test func `quotient and remainder give the dividend back`() {
        for bits in stride(from: 32, to: 1500, by: 24) {
            for divisorBits in stride(from: 0, to: bits, by: 96) {
                let (a, b) = (Self.random(bits), Self.random(divisorBits))
                guard b.signum != 0 else { continue }
                let (quotient, rest) = a.quotientAndRemainder(dividingBy: b)
                #expect(quotient * b + rest == a)
                #expect(rest.magnitude < b.magnitude && (rest.signum == 0 || rest.signum == a.signum))
            }
        }
    }

    @Test(arguments: [
        ("1662.5678", 3, "1660"), ("0.0123456", 3, "0.0123"), ("99.96", 3, "100"), ("0.0", 3, "0"), ("2.5", 1, "2"),
        ("3.5", 1, "4"), ("-0.00045", 1, "-0.0004"), ("9.995", 3, "10"),
        ("-12345678901234567", 15, "-12345678901234600"),
        ("0.000000000123456789", 2, "0.00000000012"),
    ])
    func `rounds to significant digits, half to even`(text: String, digits: Int, expected: String) throws {
        let value = try #require(ExactDecimal(csvText: text.utf8))
        #expect(Ratio(value).rounded(significantDigits: digits).text == expected)
    }

    @Test func `a fraction is near a claim within a billionth`() throws {
        let third = Ratio(.one, BigInteger(3))
        let big = Ratio(BigInteger(10_000_000_000), BigInteger(3))
        let near = try #require(ExactDecimal(csvText: "0.333333333".utf8))
        let far = try #require(ExactDecimal(csvText: "0.33333333".utf8))
        #expect(third.isWithinBillionth(of: near) && !third.isWithinBillionth(of: far))
        let bigNear = try #require(ExactDecimal(csvText: "3333333330".utf8))
        #expect(
            big.isWithinBillionth(of: bigNear) && third.floor == .zero && Ratio(-.one, BigInteger(3)).floor == -.one
        )
    }
}
