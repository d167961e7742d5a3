/// An integer without bounds: for the exact arithmetic of checks, where a product may pass 128 bits.
///
/// Division is Knuth's algorithm D (The Art of Computer Programming, volume 2, section 4.3.1).
package struct BigInteger: Hashable, Sendable {
    private let isNegative: Bool
    // The magnitude, least significant limb first, with no zero limb at the end.
    private let limbs: [UInt32]

    /// Zero.
    package static let zero = BigInteger(0)
    /// One.
    package static let one = BigInteger(1)

    private init(isNegative: Bool, limbs: consuming [UInt32]) {
        while limbs.last == 0 { limbs.removeLast() }
        self.isNegative = isNegative && !limbs.isEmpty
        self.limbs = limbs
    }

    // Most numbers are short; their one array is made as long as it must be.
    private init(isNegative: Bool, short: UInt64) {
        self.isNegative = isNegative && short != 0
        let (low, high) = (UInt32(truncatingIfNeeded: short), UInt32(truncatingIfNeeded: short >> 32))
        limbs = high != 0 ? [low, high] : low != 0 ? [low] : []
    }

    /// The same value as a fixed-width integer.
    @specialized(where Value == Int)
    @specialized(where Value == Int64)
    @specialized(where Value == Int128)
    package init<Value: BinaryInteger>(_ value: Value) {
        if let short = UInt64(exactly: value.magnitude) {
            self.init(isNegative: value < 0, short: short)
            return
        }
        var rest = value.magnitude
        var limbs: [UInt32] = []
        while rest != 0 {
            limbs.append(UInt32(truncatingIfNeeded: rest))
            rest >>= 32
        }
        self.init(isNegative: value < 0, limbs: limbs)
    }

    /// The value within 128 bits; nil when it does not fit.
    package var int128: Int128? {
        guard limbs.count <= 4 else { return nil }
        let magnitude = limbs.reversed().reduce(UInt128(0)) { $0 << 32 | UInt128($1) }
        guard magnitude <= Int128.max.magnitude else { return nil }
        return isNegative ? -Int128(magnitude) : Int128(magnitude)
    }

    /// -1, 0 or 1.
    package var signum: Int { limbs.isEmpty ? 0 : isNegative ? -1 : 1 }

    /// The absolute value.
    package var magnitude: BigInteger { BigInteger(isNegative: false, limbs: limbs) }

    /// The number of bits of the magnitude; 0 for zero.
    package var bitWidth: Int { limbs.count * 32 - (limbs.last?.leadingZeroBitCount ?? 0) }

    /// Whether 2 divides it.
    package var isEven: Bool { (limbs.first ?? 0).isMultiple(of: 2) }

    /// Half, cut towards zero.
    package var half: BigInteger {
        BigInteger(isNegative: isNegative, limbs: limbs.isEmpty ? [] : Self.shifted(limbs, right: 1))
    }

    /// 10^n, n not negative.
    package static func power(ofTen n: Int) -> BigInteger {
        if n < powersOfTen.count { return powersOfTen[n] }
        var (result, square, rest) = (one, powersOfTen[1], n)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }

    // Those that rounding asks for, again and again.
    private static let powersOfTen = (0..<40).reduce(into: [one]) { powers, _ in
        powers.append(powers[powers.count - 1] * BigInteger(10))
    }

    package static prefix func - (value: Self) -> Self {
        BigInteger(isNegative: !value.isNegative, limbs: value.limbs)
    }

    package static func + (left: Self, right: Self) -> Self {
        if left.isNegative == right.isNegative {
            return BigInteger(isNegative: left.isNegative, limbs: sum(left.limbs, right.limbs))
        }
        return isLess(left.limbs, right.limbs)
            ? BigInteger(isNegative: right.isNegative, limbs: difference(right.limbs, left.limbs))
            : BigInteger(isNegative: left.isNegative, limbs: difference(left.limbs, right.limbs))
    }

    package static func - (left: Self, right: Self) -> Self { left + -right }

    package static func * (left: Self, right: Self) -> Self {
        guard !left.limbs.isEmpty, !right.limbs.isEmpty else { return zero }
        let isNegative = left.isNegative != right.isNegative
        if right.limbs.count == 1, right.limbs[0] == 1 { return BigInteger(isNegative: isNegative, limbs: left.limbs) }
        if left.limbs.count == 1, right.limbs.count == 1 {
            return BigInteger(isNegative: isNegative, short: UInt64(left.limbs[0]) * UInt64(right.limbs[0]))
        }
        var product = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (shift, a) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (index, b) in right.limbs.enumerated() {
                carry += UInt64(a) * UInt64(b) + UInt64(product[shift + index])
                product[shift + index] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            product[shift + right.limbs.count] = UInt32(carry)
        }
        return BigInteger(isNegative: isNegative, limbs: product)
    }

    package static func += (left: inout Self, right: Self) { left = left + right }
    package static func -= (left: inout Self, right: Self) { left = left - right }
    package static func *= (left: inout Self, right: Self) { left = left * right }

    /// The quotient, cut towards zero, and the remainder, which has the sign of `self`; the divisor is not zero.
    package func quotientAndRemainder(dividingBy divisor: Self) -> (quotient: Self, remainder: Self) {
        precondition(divisor.signum != 0, "division by zero")
        guard !Self.isLess(limbs, divisor.limbs) else { return (.zero, self) }
        let (quotient, remainder) = Self.divide(limbs, divisor.limbs)
        return (
            BigInteger(isNegative: isNegative != divisor.isNegative, limbs: quotient),
            BigInteger(isNegative: isNegative, limbs: remainder)
        )
    }

    private static func sum(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0..<max(left.count, right.count) {
            carry += UInt64(index < left.count ? left[index] : 0) + UInt64(index < right.count ? right[index] : 0)
            result.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        result.append(UInt32(carry))
        return result
    }

    // `left` is not below `right`.
    private static func difference(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var borrow: Int64 = 0
        for index in left.indices {
            borrow += Int64(left[index]) - Int64(index < right.count ? right[index] : 0)
            result.append(UInt32(truncatingIfNeeded: borrow))
            borrow >>= 32
        }
        return result
    }

    private static func isLess(_ left: [UInt32], _ right: [UInt32]) -> Bool {
        left.count != right.count
            ? left.count < right.count : left.reversed().lexicographicallyPrecedes(right.reversed())
    }

    private static func divide(_ left: [UInt32], _ right: [UInt32]) -> ([UInt32], [UInt32]) {
        guard right.count > 1 else {
            let (quotient, rest) = divide(left, by: right[0])
            return (quotient, [rest])
        }
        // The divisor's top bit is set first, so that a guessed digit is at most two too large.
        let shift = UInt32(right[right.count - 1].leadingZeroBitCount)
        let divisor = shifted(right, left: shift)
        var rest = shifted(left + [0], left: shift)
        let n = right.count
        var quotient = [UInt32](repeating: 0, count: left.count - n + 1)
        let (top, second) = (UInt64(divisor[n - 1]), UInt64(divisor[n - 2]))
        for j in quotient.indices.reversed() {
            let head = UInt64(rest[j + n]) << 32 | UInt64(rest[j + n - 1])
            var (digit, over) = head.quotientAndRemainder(dividingBy: top)
            while digit >> 32 != 0 || digit * second > over << 32 | UInt64(rest[j + n - 2]) {
                digit -= 1
                over += top
                if over >> 32 != 0 { break }
            }
            if subtract(divisor, times: digit, from: &rest, at: j) {
                digit -= 1
                add(divisor, to: &rest, at: j)
            }
            quotient[j] = UInt32(digit)
        }
        return (quotient, shifted(Array(rest[..<n]), right: shift))
    }

    private static func divide(_ left: [UInt32], by divisor: UInt32) -> ([UInt32], UInt32) {
        var quotient = left
        var rest: UInt64 = 0
        for index in left.indices.reversed() {
            rest = rest << 32 | UInt64(left[index])
            quotient[index] = UInt32(rest / UInt64(divisor))
            rest %= UInt64(divisor)
        }
        return (quotient, UInt32(rest))
    }

    // Returns whether the result went below zero, that is, the digit was one too large.
    private static func subtract(_ divisor: [UInt32], times digit: UInt64, from rest: inout [UInt32], at j: Int) -> Bool
    {
        var carry: UInt64 = 0
        var borrow: Int64 = 0
        for index in divisor.indices {
            carry += digit * UInt64(divisor[index])
            borrow += Int64(rest[j + index]) - Int64(UInt32(truncatingIfNeeded: carry))
            rest[j + index] = UInt32(truncatingIfNeeded: borrow)
            carry >>= 32
            borrow >>= 32
        }
        borrow += Int64(rest[j + divisor.count]) - Int64(carry)
        rest[j + divisor.count] = UInt32(truncatingIfNeeded: borrow)
        return borrow < 0
    }

    private static func add(_ divisor: [UInt32], to rest: inout [UInt32], at j: Int) {
        var carry: UInt64 = 0
        for index in divisor.indices {
            carry += UInt64(rest[j + index]) + UInt64(divisor[index])
            rest[j + index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        rest[j + divisor.count] = rest[j + divisor.count] &+ UInt32(carry)
    }

    // Shifts by fewer than 32 bits; no bit falls off at the top.
    private static func shifted(_ limbs: [UInt32], left shift: UInt32) -> [UInt32] {
        var carry: UInt64 = 0
        return limbs.map { limb in
            carry |= UInt64(limb) << shift
            defer { carry >>= 32 }
            return UInt32(truncatingIfNeeded: carry)
        }
    }

    private static func shifted(_ limbs: [UInt32], right shift: UInt32) -> [UInt32] {
        limbs.indices.map { index in
            let above = index + 1 < limbs.count ? UInt64(limbs[index + 1]) << 32 : 0
            return UInt32(truncatingIfNeeded: (above | UInt64(limbs[index])) >> shift)
        }
    }
}

extension BigInteger: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        guard left.isNegative == right.isNegative else { return left.isNegative }
        return left.isNegative ? isLess(right.limbs, left.limbs) : isLess(left.limbs, right.limbs)
    }
}
