package import GloveboxCore

/// Reads TPM structures: big-endian, every length checked, nothing left over.
///
/// Source: TCG TPM 2.0 Library, part 2, section 4.
package struct TPMReader {
    private let bytes: [UInt8]
    private var at = 0

    /// Starts at the first byte.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// What is not read yet.
    package var rest: [UInt8] { Array(bytes[at...]) }

    /// Takes that many bytes.
    ///
    /// - Throws: `tpm.encoding` when there are fewer.
    package mutating func take(_ count: Int) throws(GloveboxError) -> [UInt8] {
        guard count <= bytes.count - at else { throw Self.refused("a TPM structure ends too early") }
        defer { at += count }
        return Array(bytes[at..<at + count])
    }

    /// Takes a big-endian number.
    ///
    /// - Throws: `tpm.encoding`.
    package mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self
    ) throws(GloveboxError) -> Number {
        try take(Number.bitWidth / 8).reduce(0) { $0 << 8 | Number($1) }
    }

    /// Takes a `TPM2B`: a 16-bit length and as many bytes.
    ///
    /// - Throws: `tpm.encoding`.
    package mutating func sized() throws(GloveboxError) -> [UInt8] { try take(Int(number(UInt16.self))) }

    /// Takes a number that must have that value.
    ///
    /// - Throws: `tpm.encoding`.
    package mutating func expect(_ value: UInt16, _ what: String) throws(GloveboxError) {
        let found = try number(UInt16.self)
        guard found == value else {
            throw Self.refused("\(what) is \(String(found, radix: 16)), not \(String(value, radix: 16))")
        }
    }

    /// Checks that nothing is left.
    ///
    /// - Throws: `tpm.encoding`.
    package func finish() throws(GloveboxError) {
        guard at == bytes.count else { throw Self.refused("bytes follow a TPM structure") }
    }

    /// The error for a structure that cannot be read.
    package static func refused(_ message: String) -> GloveboxError { GloveboxError("tpm.encoding", message) }
}
