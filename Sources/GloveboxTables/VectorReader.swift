/// Reads a JSON array of so many numbers, as every JSON writer writes them: with 17 digits and with exponents, too.
///
/// Exact decimals throughout; no floating point. Digits after the thirtieth are dropped.
/// Source: RFC 8259; release policy section 10.
struct VectorReader {
    private let bytes: [UInt8]
    private var at = 0

    /// The numbers.
    ///
    /// - Throws: `json` for anything but an array of numbers, `notFinite` for the words that some writers use for numbers
    ///   that are none, `length` for more or fewer numbers.
    static func read(_ bytes: [UInt8], length: Int) throws(FileFault) -> CheckedVector {
        var reader = VectorReader(bytes: bytes)
        return CheckedVector(try reader.array(length))
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func array(_ length: Int) throws(FileFault) -> [ExactDecimal] {
        skipSpace()
        try expect("[")
        var numbers: [ExactDecimal] = []
        skipSpace()
        if next == UInt8(ascii: "]") { throw .length }
        while true {
            skipSpace()
            numbers.append(try number())
            guard numbers.count <= length else { throw .length }
            skipSpace()
            guard next == UInt8(ascii: ",") else { break }
            at += 1
        }
        try expect("]")
        skipSpace()
        guard at == bytes.count else { throw .json }
        guard numbers.count == length else { throw .length }
        return numbers
    }

    private mutating func number() throws(FileFault) -> ExactDecimal {
        let isNegative = take("-")
        if next == UInt8(ascii: "N") || next == UInt8(ascii: "I") { throw .notFinite }
        let whole = digits()
        guard !whole.isEmpty, whole.count == 1 || whole.first != 0 else { throw .json }
        var fraction: [UInt8] = []
        if take(".") {
            fraction = digits()
            guard !fraction.isEmpty else { throw .json }
        }
        var power = 0
        if take("e") || take("E") {
            let isDown = take("-")
            if !isDown { _ = take("+") }
            let exponent = digits()
            guard !exponent.isEmpty else { throw .json }
            // Beyond five digits it no longer matters how far.
            let size = exponent.reduce(0) { min(100_000, $0 * 10 + Int($1)) }
            power = isDown ? -size : size
        }
        return Self.number((whole + fraction).drop { $0 == 0 }, power - fraction.count, isNegative)
    }

    private static func number(_ digits: ArraySlice<UInt8>, _ power: Int, _ isNegative: Bool) -> ExactDecimal {
        let places = digits.count + power
        guard !digits.isEmpty, places > -CheckedVector.maxPower else { return .zero }
        guard places <= CheckedVector.maxPower else {
            return ExactDecimal(mantissa: isNegative ? -1 : 1, exponent: CheckedVector.maxPower)
        }
        let kept = digits.prefix(CheckedVector.maxDigits)
        let mantissa = kept.reduce(Int128(0)) { $0 * 10 + Int128($1) }
        return ExactDecimal(
            mantissa: isNegative ? -mantissa : mantissa,
            exponent: power + digits.count - kept.count
        )
    }

    // MARK: Bytes

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(FileFault) {
        guard take(character) else { throw .json }
    }

    private mutating func digits() -> [UInt8] {
        let start = at
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        return bytes[start..<at].map { $0 - UInt8(ascii: "0") }
    }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { at += 1 }
    }
}
