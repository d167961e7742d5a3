/// Writes TPM structures, the counterpart of ``TPMReader``.
package struct TPMWriter {
    /// What was written.
    package private(set) var bytes: [UInt8] = []

    /// Starts empty.
    package init() {}

    /// Writes a big-endian number.
    package mutating func number(_ value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Writes bytes as they are.
    package mutating func raw(_ more: [UInt8]) { bytes += more }

    /// Writes a `TPM2B`; the caller keeps it below 65,536 bytes.
    package mutating func sized(_ more: [UInt8]) {
        number(UInt16(more.count))
        bytes += more
    }

    /// The bytes that a closure writes.
    package static func make(_ body: (inout TPMWriter) -> Void) -> [UInt8] {
        var writer = TPMWriter()
        body(&writer)
        return writer.bytes
    }
}
