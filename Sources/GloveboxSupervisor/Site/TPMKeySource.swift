internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxTPM

/// The broker's key-encryption key as the site's TPM keeps it.
struct TPMKeySource: KeyEncryptionKeySource {
    let tpm: TPM
    let store: SealedKeyStore

    func keyEncryptionKey() throws(GloveboxError) -> [UInt8] {
        let key = try store.open(in: tpm)
        guard key.count == 32 else { throw GloveboxError("broker.key", "the sealed key has not 32 bytes") }
        return key
    }
}
