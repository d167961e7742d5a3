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
        var bytes = Array(text.utf8)[...]
        let negative = bytes.first == UInt8(ascii: "-")
        if negative { bytes.removeFirst() }
        if bytes.first == UInt8(ascii: "0"), bytes.count > 1, bytes[bytes.startIndex + 1] != UInt8(ascii: ".") {
            return nil
        }
        if bytes.last == UInt8(ascii: ".") { return nil }
        guard let number = Self.plain(&bytes), bytes.isEmpty, !(negative && number.mantissa == 0) else { return nil }
        self.init(mantissa: negative ? -number.mantissa : number.mantissa, exponent: number.exponent)
    }

    /// Reads a number of a CSV file: `[+-]?[0-9]{1,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,2})?` with |exponent| ≤ 18;
    /// nil for anything else, so for `NaN` and infinities too.
    ///
    /// Source: release policy section 8.1.
    package init?(csvText text: some Collection<UInt8>) {
        var bytes = Array(text)[...]
        var negative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        guard let number = Self.plain(&bytes) else { return nil }
        var power = 0
        if let mark = bytes.first, mark | 32 == UInt8(ascii: "e") {
            bytes.removeFirst()
            var down = false
            if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                down = sign == UInt8(ascii: "-")
                bytes.removeFirst()
            }
            guard let digits = Self.digits(&bytes, atMost: 2), digits.count > 0, digits.value <= 18 else { return nil }
            power = down ? -Int(digits.value) : Int(digits.value)
        }
        guard bytes.isEmpty else { return nil }
        self.init(mantissa: negative ? -number.mantissa : number.mantissa, exponent: number.exponent + power)
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

    /// 10^n for n from 0 to 38; nil beyond.
    package static func power(_ n: Int) -> Int128? {
        guard (0...38).contains(n) else { return nil }
        var value: Int128 = 1
        for _ in 0..<n { value *= 10 }
        return value
    }

    // Digits, and a fraction if there is one. The caller says what may stand around them.
    private static func plain(_ bytes: inout ArraySlice<UInt8>) -> (mantissa: Int128, exponent: Int)? {
        guard let whole = digits(&bytes, atMost: 18), whole.count > 0 else { return nil }
        guard bytes.first == UInt8(ascii: ".") else { return (whole.value, 0) }
        bytes.removeFirst()
        guard let part = digits(&bytes, atMost: 18), let factor = power(part.count) else { return nil }
        return (whole.value * factor + part.value, -part.count)
    }

    private static func digits(_ bytes: inout ArraySlice<UInt8>, atMost limit: Int) -> (value: Int128, count: Int)? {
        var value: Int128 = 0
        var count = 0
        while let byte = bytes.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            count += 1
            guard count <= limit else { return nil }
            value = value * 10 + Int128(byte - UInt8(ascii: "0"))
            bytes.removeFirst()
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
