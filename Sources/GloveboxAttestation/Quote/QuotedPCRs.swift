package import GloveboxCore

/// The values behind a quote, in the file form of tpm2-tools (`tpm2_quote --pcrs_format=serialized`).
///
/// The form is the C structs as they lie in memory, little-endian: a `TPML_PCR_SELECTION` of 132 bytes, the number of
/// lists, and per list of up to eight values a `TPML_DIGEST` of 532 bytes. It is read by writing it again: every padding
/// byte must be as a correct writer leaves it.
package struct QuotedPCRs: Sendable, Equatable {
    /// Values by PCR, ascending; each 32 bytes.
    package let values: [(index: Int, value: [UInt8])]

    /// States values.
    package init(_ values: [(index: Int, value: [UInt8])]) { self.values = values }

    /// Reads the file.
    ///
    /// - Throws: `tpm.encoding` for anything but exactly one SHA-256 selection and its values.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        guard bytes.count == 132 + 4 + 532 else {
            throw TPMReader.refused("the file of PCR values has not \(132 + 4 + 532) bytes")
        }
        let indexes = PCRSelection.indexes(Array(bytes[7..<10]))
        guard indexes.count <= 8 else { throw TPMReader.refused("more than eight PCRs") }
        values = indexes.enumerated().map { position, index in
            let start = 140 + position * 66 + 2
            return (index, Array(bytes[start..<start + 32]))
        }
        guard self.bytes == bytes else { throw TPMReader.refused("the file of PCR values is not in its only form") }
    }

    /// The file.
    package var bytes: [UInt8] {
        var out: [UInt8] = [1, 0, 0, 0, 0x0b, 0, 3] + PCRSelection.map(values.map(\.index))
        out += [UInt8](repeating: 0, count: 132 - out.count)
        out += [1, 0, 0, 0, UInt8(values.count), 0, 0, 0]
        for (_, value) in values { out += [32, 0] + value + [UInt8](repeating: 0, count: 32) }
        return out + [UInt8](repeating: 0, count: 668 - out.count)
    }

    /// SHA-256 over the values in order, as the TPM signs it.
    package var digest: [UInt8] { Hashing.sha256(values.flatMap(\.value)).bytes }

    /// The value of a PCR.
    package subscript(index: Int) -> [UInt8]? { values.first { $0.index == index }?.value }

    package static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
}
