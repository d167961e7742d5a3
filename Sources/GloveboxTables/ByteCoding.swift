package import GloveboxCore

/// Writes big-endian integers and length-prefixed text.
package struct ByteWriter: Sendable {
    /// What was written.
    package var bytes: [UInt8] = []

    /// Starts empty.
    package init() {}

    /// One byte.
    package mutating func u8(_ value: UInt8) { bytes.append(value) }

    /// Two bytes.
    package mutating func u16(_ value: UInt16) { integer(value) }

    /// Four bytes.
    ///
    /// The value must be in 0...2^32 - 1.
    package mutating func u32(_ value: Int) { integer(UInt32(value)) }

    /// Eight bytes, two's complement.
    package mutating func i64(_ value: Int64) { integer(UInt64(bitPattern: value)) }

    /// A length byte and at most 255 bytes of text.
    package mutating func text(_ value: String) {
        bytes.append(UInt8(value.utf8.count))
        bytes += value.utf8
    }

    /// Integers, one after the other.
    package mutating func integers(_ values: [some FixedWidthInteger]) {
        let turned = values.map(\.bigEndian)
        unsafe turned.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func integer(_ value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

/// Reads what ``ByteWriter`` writes, and refuses anything short.
package struct ByteReader: Sendable {
    /// The error for bytes that do not follow their format.
    package static let invalid = GloveboxError("format.bytes", "stored or received bytes do not follow their format")

    private let bytes: [UInt8]
    private var at = 0

    /// Starts at the first byte.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether every byte was read.
    package var isAtEnd: Bool { at == bytes.count }

    /// The number of bytes that are left.
    package var left: Int { bytes.count - at }

    /// Takes bytes.
    ///
    /// - Throws: `format.bytes`.
    package mutating func take(_ count: Int) throws(GloveboxError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= left else { throw Self.invalid }
        defer { at += count }
        return bytes[at..<at + count]
    }

    /// One byte.
    ///
    /// - Throws: `format.bytes`.
    package mutating func u8() throws(GloveboxError) -> UInt8 { try integer(UInt8.self) }

    /// Two bytes.
    ///
    /// - Throws: `format.bytes`.
    package mutating func u16() throws(GloveboxError) -> UInt16 { try integer(UInt16.self) }

    /// Four bytes.
    ///
    /// - Throws: `format.bytes`.
    package mutating func u32() throws(GloveboxError) -> Int { Int(try integer(UInt32.self)) }

    /// Eight bytes, two's complement.
    ///
    /// - Throws: `format.bytes`.
    package mutating func i64() throws(GloveboxError) -> Int64 { Int64(bitPattern: try integer(UInt64.self)) }

    /// A length byte and that much UTF-8.
    ///
    /// - Throws: `format.bytes`.
    package mutating func text() throws(GloveboxError) -> String {
        let count = Int(try u8())
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw Self.invalid }
        return text
    }

    private mutating func integer<I: FixedWidthInteger & UnsignedInteger>(_: I.Type) throws(GloveboxError) -> I {
        var value: I = 0
        for byte in try take(I.bitWidth / 8) { value = (value &<< 7) &<< 1 | I(byte) }
        return value
    }
}
