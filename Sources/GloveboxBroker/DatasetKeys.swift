package import GloveboxCore

/// The two keys of one version of a dataset.
package struct DatasetKeys: Sendable {
    /// Encrypts the rows.
    package let data: [UInt8]
    /// Salts the commitment.
    package let salt: [UInt8]

    /// Makes fresh keys of 32 bytes each.
    package init() { (data, salt) = (Random.bytes(32), Random.bytes(32)) }

    /// Reads both, one after the other.
    ///
    /// - Throws: `kbs.key`.
    package init(bytes: [UInt8]) throws(GloveboxError) {
        guard bytes.count == 64 else { throw GloveboxError("kbs.key", "a dataset has two keys of 32 bytes") }
        (data, salt) = (Array(bytes[..<32]), Array(bytes[32...]))
    }

    /// Both, one after the other.
    package var bytes: [UInt8] { data + salt }
}
