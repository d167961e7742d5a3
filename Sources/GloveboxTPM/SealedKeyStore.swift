package import GloveboxAttestation
package import GloveboxCore

/// A sealed key-encryption key with the owner's policy beside it: `kek.sealed`, `kek.policy`, `kek-owner.pub`.
package struct SealedKeyStore: Sendable {
    private let files: EventStore

    /// Names an existing directory.
    package init(directory: String) { files = EventStore(directory: directory) }

    /// Seals a key for a state that the owner has signed, as a first key and as a next one.
    ///
    /// The key before opens no longer when the owner's policy moves the counter on.
    ///
    /// - Throws: `kek.*` when the key would not open, and nothing is kept then; `tpm.*`, `storage.write`.
    package func seal(
        _ key: [UInt8],
        in tpm: TPM,
        owner: VerifyingKey,
        under signed: SignedUnsealPolicy
    ) throws(GloveboxError) {
        let holder = PolicyOwner(owner)
        let sealed = try tpm.seal(key, owner: holder, generation: signed.policy.generation)
        guard try tpm.unseal(sealed, under: signed, owner: holder) == key else {
            throw GloveboxError("kek.policy", "the TPM gave another key than it was given")
        }
        try files.write("kek-owner.pub", owner.pem)
        try files.write("kek.policy", signed.bytes)
        // Last: a policy without its key opens nothing, and the key before is there until now.
        try files.write("kek.sealed", sealed.bytes)
    }

    /// Takes the owner's policy for another state, as after an upgrade.
    ///
    /// - Throws: `kek.*` when the key does not open under it; the policy before is kept then.
    package func accept(_ signed: SignedUnsealPolicy, in tpm: TPM) throws(GloveboxError) {
        let (sealed, owner) = try kept()
        _ = try tpm.unseal(sealed, under: signed, owner: owner)
        try files.write("kek.policy", signed.bytes)
    }

    /// Whether a key is sealed.
    ///
    /// - Throws: `storage.read`.
    package var isPresent: Bool { get throws(GloveboxError) { try files.read("kek.sealed") != nil } }

    /// Has the owner sign the state that the TPM is in now, and seals the key anew for it; gives the key.
    ///
    /// What was sealed and signed before opens no longer: the counter moves on. After a crash in between the same call
    /// finishes the work.
    ///
    /// - Throws: `kek.missing`, `kek.policy` for another owner than the one before; `tpm.*`, `storage.*`.
    package func reseal(in tpm: TPM, by owner: SigningKey) throws(GloveboxError) -> [UInt8] {
        let (sealed, holder) = try kept()
        guard holder.key.spki == owner.publicKey.spki else {
            throw GloveboxError("kek.policy", "the key is sealed under another owner's policies")
        }
        let present = try tpm.presentPolicy(generation: sealed.generation).signed(by: owner)
        let key = try tpm.unseal(sealed, under: present, owner: holder)
        try tpm.increment(TPM.sealCounter)
        try seal(key, in: tpm, owner: owner.publicKey, under: tpm.presentPolicy().signed(by: owner))
        return key
    }

    /// The key, if the TPM is in the state that the owner signed.
    ///
    /// - Throws: `kek.missing`, `kek.policy`, `kek.state`, `kek.rollback`, `tpm.*`, `storage.read`.
    package func open(in tpm: TPM) throws(GloveboxError) -> [UInt8] {
        let (sealed, owner) = try kept()
        return try tpm.unseal(sealed, under: SignedUnsealPolicy(parsing: file("kek.policy")), owner: owner)
    }

    private func kept() throws(GloveboxError) -> (SealedKey, PolicyOwner) {
        (
            try SealedKey(parsing: file("kek.sealed")),
            PolicyOwner(try VerifyingKey(pem: file("kek-owner.pub")))
        )
    }

    private func file(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard let bytes = try files.read(name) else {
            throw GloveboxError("kek.missing", "\(name) is missing", hint: "Seal the key for this TPM first.")
        }
        return bytes
    }
}
