/// An exact decimal number: mantissa × 10^exponent, with no trailing zeros in the mantissa.
///
/// Every number that meets private data is one of these or an integer; `Double` never is.
package struct ExactDecimal: Hashable, Sendable {
    /// The digits with their sign; at most 37 digits.
    package let mantissa: Int128
    /// The power of ten; zero when the mantissa is.
    package let exponent: Int

    /// Zero.
    package static let zero = ExactDecimal(0)

    /// An integer.
    package init(_ integer: Int64) { self.init(mantissa: Int128(integer), exponent: 0) }

    /// A mantissa and a power of ten, brought to the one normal form.
    package init(mantissa: Int128, exponent: Int) {
        guard mantissa != 0 else {
            self.mantissa = 0
            self.exponent = 0
            return
        }
        var digits = mantissa
        var power = exponent
        // Division of 64 bits is several times faster than that of 128.
        if var short = Int64(exactly: mantissa) {
            while short % 10 == 0 {
                short /= 10
                power += 1
            }
            self.mantissa = Int128(short)
            self.exponent = power
            return
        }
        while digits % 10 == 0 {
            digits /= 10
            power += 1
        }
        self.mantissa = digits
        self.exponent = power
    }

    /// Reads the decimal text of policies: `-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?`; nil for anything else.
    ///
    /// Source: release policy section 3.1.
    package init?(policyText text: String) {
        let bytes = Array(text.utf8)
        let negative = bytes.first == UInt8(ascii: "-")
        var at = negative ? 1 : 0
        if bytes.count > at + 1, bytes[at] == UInt8(ascii: "0"), bytes[at + 1] != UInt8(ascii: ".") { return nil }
        if bytes.last == UInt8(ascii: ".") { return nil }
        guard let number = Self.plain(bytes.span, &at), at == bytes.count, !(negative && number.mantissa == 0) else {
            return nil
        }
        self.init(mantissa: negative ? -number.mantissa : number.mantissa, exponent: number.exponent)
    }

    /// Reads a number of a CSV file: `[+-]?[0-9]{1,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,2})?` with |exponent| ≤ 18;
    /// nil for anything else, so for `NaN` and infinities too.
    ///
    /// Source: release policy section 8.1.
    package init?(csvText text: some Collection<UInt8>) {
        let bytes = Array(text)
        self.init(csv: bytes.span)
    }

    /// As ``init(csvText:)``, straight from bytes.
    package init?(csv bytes: Span<UInt8>) {
        var at = 0
        var negative = false
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
            negative = bytes[at] == UInt8(ascii: "-")
            at += 1
        }
        guard let number = Self.plain(bytes, &at) else { return nil }
        var power = 0
        if at < bytes.count, bytes[at] | 32 == UInt8(ascii: "e") {
            at += 1
            var down = false
            if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
                down = bytes[at] == UInt8(ascii: "-")
                at += 1
            }
            guard let digits = Self.digits(bytes, &at, atMost: 2), digits.count > 0, digits.value <= 18 else {
                return nil
            }
            power = down ? -Int(digits.value) : Int(digits.value)
        }
        guard at == bytes.count else { return nil }
        self.init(mantissa: negative ? -number.mantissa : number.mantissa, exponent: number.exponent + power)
    }

    /// The number times 10^`decimals`, for a text of an optional minus, digits and at most `decimals` more after a point,
    /// which together fit 64 bits.
    ///
    /// Nil for every other text, whether it is a number or not: most numbers of a file need nothing more.
    package static func scaled(csv bytes: Span<UInt8>, decimals: Int) -> Int64? {
        var value: Int64 = 0
        var (places, hasPoint, start) = (0, false, 0)
        if bytes.count > 0, bytes[0] == UInt8(ascii: "-") { start = 1 }
        guard start < bytes.count, bytes.count - start <= 18 - decimals else { return nil }
        for index in start..<bytes.count {
            let byte = bytes[index]
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                value = value &* 10 &+ Int64(byte &- UInt8(ascii: "0"))
                if hasPoint { places &+= 1 }
            } else if byte == UInt8(ascii: "."), !hasPoint, index > start {
                hasPoint = true
            } else {
                return nil
            }
        }
        guard places <= decimals else { return nil }
        while places < decimals {
            value &*= 10
            places &+= 1
        }
        return start == 1 ? -value : value
    }

    /// The number times 10^`decimals`, when that is an integer within 64 bits.
    package func scaled(decimals: Int) -> Int64? {
        let power = exponent + decimals
        guard mantissa != 0 else { return 0 }
        guard (0...18).contains(power), let factor = Self.power(power) else { return nil }
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: factor)
        return overflow ? nil : Int64(exactly: product)
    }

    /// The one text of the number: `-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?`, with no exponent and no trailing zeros.
    package var text: String {
        let digits = String(mantissa.magnitude)
        let sign = mantissa < 0 ? "-" : ""
        guard exponent < 0 else { return sign + digits + String(repeating: "0", count: exponent) }
        let places = -exponent
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.utf8.count)) + digits
        return sign + padded.dropLast(places) + "." + padded.suffix(places)
    }

    /// Whether a JSON number may hold it: at most 15 significant digits, and zero or 10^-6 <= |v| < 10^21.
    ///
    /// Source: release policy section 8.2.
    package var isShort: Bool {
        guard mantissa != 0 else { return true }
        let digits = String(mantissa.magnitude).utf8.count
        return digits <= 15 && (-6..<21).contains(digits - 1 + exponent)
    }

    /// 10^n for n from 0 to 38; nil beyond.
    package static func power(_ n: Int) -> Int128? {
        guard (0...38).contains(n) else { return nil }
        var value: Int128 = 1
        for _ in 0..<n { value *= 10 }
        return value
    }

    // Digits, and a fraction if there is one. The caller says what may stand around them.
    private static func plain(_ bytes: Span<UInt8>, _ at: inout Int) -> (mantissa: Int128, exponent: Int)? {
        guard let whole = digits(bytes, &at, atMost: 18), whole.count > 0 else { return nil }
        guard at < bytes.count, bytes[at] == UInt8(ascii: ".") else { return (Int128(whole.value), 0) }
        at += 1
        guard let part = digits(bytes, &at, atMost: 18), let factor = power(part.count) else { return nil }
        return (Int128(whole.value) * factor + Int128(part.value), -part.count)
    }

    private static func digits(_ bytes: Span<UInt8>, _ at: inout Int, atMost limit: Int) -> (value: Int64, count: Int)?
    {
        var value: Int64 = 0
        var count = 0
        while at < bytes.count, bytes[at] >= UInt8(ascii: "0"), bytes[at] <= UInt8(ascii: "9") {
            count += 1
            guard count <= limit else { return nil }
            value = value * 10 + Int64(bytes[at] - UInt8(ascii: "0"))
            at += 1
        }
        return (value, count)
    }
}

extension ExactDecimal: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        let signs = (left.mantissa.signum(), right.mantissa.signum())
        guard signs.0 == signs.1 else { return signs.0 < signs.1 }
        guard signs.0 != 0 else { return false }
        let larger = left.magnitudeExceeds(right)
        return signs.0 > 0 ? !larger && left != right : larger
    }

    // Both numbers have one sign and are not zero. Equal leading places leave at most 37 digits to align.
    private func magnitudeExceeds(_ other: Self) -> Bool {
        let places = String(mantissa.magnitude).utf8.count + exponent
        let otherPlaces = String(other.mantissa.magnitude).utf8.count + other.exponent
        guard places == otherPlaces else { return places > otherPlaces }
        let common = min(exponent, other.exponent)
        return aligned(to: common) > other.aligned(to: common)
    }

    private func aligned(to common: Int) -> UInt128 {
        var value = mantissa.magnitude
        for _ in 0..<(exponent - common) { value *= 10 }
        return value
    }
}
