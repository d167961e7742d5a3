package import GloveboxCore
internal import GloveboxStore

/// Where the broker's key-encryption key (KEK) comes from when it starts.
package protocol KeyEncryptionKeySource: Sendable {
    /// The key, 32 bytes.
    ///
    /// - Throws: `broker.key`, `store.*`; `kek.*` and `tpm.*` where a TPM keeps it.
    func keyEncryptionKey() throws(GloveboxError) -> [UInt8]
}

/// A KEK in a file that only its owner can read: no more than the file system protects it.
package struct KeyFileSource: KeyEncryptionKeySource {
    private let path: String

    /// Names the file.
    package init(path: String) { self.path = path }

    package func keyEncryptionKey() throws(GloveboxError) -> [UInt8] {
        let key = try KeyFile.read(path)
        guard key.count == 32 else { throw GloveboxError("broker.key", "the broker's key has not 32 bytes") }
        return key
    }
}
