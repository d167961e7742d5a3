internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxTPM

/// The secret that the broker's key is sealed under, where the site's TPM keeps it.
///
/// `swtpm` has room for one client, so the supervisor unseals, hands the secret over the socket that the broker
/// inherits, and forgets it; a broker that is started again has it unsealed again.
struct BrokerSecret: Sendable {
    let layout: SiteLayout
    let tpm: SiteTPM?

    private var store: SealedKeyStore { SealedKeyStore(directory: layout.attester) }
    private var file: String { layout.broker + "/secret" }

    /// The secret, and the counter of the broker's ledger; nil where the broker has the secret in a file of its own.
    ///
    /// With `adopting`, the owner's word that the ledger as it is stands for the counter as it is.
    ///
    /// - Throws: `kbs.sealed` when no TPM is there or its state is not what the owner signed; `tpm.*`, `storage.read`.
    func unsealed(adopting: Bool = false) throws(GloveboxError) -> SealingSecret? {
        guard try store.isPresent else { return nil }
        let tpm = try present()
        do throws(GloveboxError) {
            return try SealingSecret(
                store.open(in: tpm.tpm),
                keeper: tpm.trusted.rootOfTrust.rawValue,
                counter: tpm.tpm.counter(TPM.ledgerCounter),
                adopts: adopting
            )
        } catch {
            guard error.code.hasPrefix("kek.") else { throw error }
            throw GloveboxError(
                "kbs.sealed",
                "the TPM does not give out the broker's secret: \(error.code): \(error.message)",
                hint: "If programs and settings are as they should be, the owner signs: glovebox keys seal."
            )
        }
    }

    /// Moves the counter of the broker's ledger up to a value.
    ///
    /// - Throws: `kbs.rollback` when it is beyond, `kbs.sealed`, `tpm.*`.
    func raise(to value: UInt64) throws(GloveboxError) { try present().tpm.raise(TPM.ledgerCounter, to: value) }

    private func present() throws(GloveboxError) -> SiteTPM {
        guard let tpm else {
            throw GloveboxError(
                "kbs.sealed",
                "a TPM keeps the broker's secret, and this supervisor was started without one",
                hint: "Start it with the --tpm that the secret was sealed with."
            )
        }
        return tpm
    }

    /// Has the owner sign the state the TPM is in, and the TPM keep the secret for it alone.
    ///
    /// The same call finishes what a crash cut short. What was signed before opens nothing any more; the file with the
    /// secret is there until ``destroyFile()``.
    ///
    /// - Throws: `kek.policy` for another owner than the one before; `broker.key`, `tpm.*`, `storage.*`.
    func seal(by owner: SigningKey) throws(GloveboxError) {
        guard let tpm else {
            throw GloveboxError("tpm.unavailable", "there is no TPM to seal for", hint: "Name one: --tpm DEVICE.")
        }
        if try !tpm.tpm.hasIndex(TPM.ledgerCounter) { try tpm.tpm.defineCounter(TPM.ledgerCounter) }
        let isOnDisk = isOnDisk
        let onDisk = isOnDisk ? try StateFile.read(file) : []
        if try store.isPresent {
            let sealed = try store.reseal(in: tpm.tpm, by: owner)
            guard !isOnDisk || onDisk == sealed else {
                throw GloveboxError(
                    "broker.key",
                    "the broker's directory has another secret than the TPM keeps",
                    hint: "A directory of two sites was mixed. Restore the one that belongs here."
                )
            }
        } else {
            let secret = try SealingSecret.checked(onDisk)
            let policy = try tpm.tpm.presentPolicy().signed(by: owner)
            try store.seal(secret, in: tpm.tpm, owner: owner.publicKey, under: policy)
        }
    }

    /// Whether the secret lies in a file, too.
    var isOnDisk: Bool { StateFile.exists(file) }

    /// Destroys the file with the secret, which the TPM keeps now.
    ///
    /// - Throws: `storage.write`.
    func destroyFile() throws(GloveboxError) { if isOnDisk { try StateFile.destroySecret(file) } }
}
