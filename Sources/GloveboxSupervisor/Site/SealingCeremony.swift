internal import GloveboxAttestation
internal import GloveboxBroker
package import GloveboxCore
internal import GloveboxStore
internal import GloveboxTPM
internal import GloveboxTransparency

/// The owner's word on the state in which a TPM gives out the broker's secret, while the supervisor is stopped.
package struct SealingCeremony: Sendable {
    private let layout: SiteLayout
    private let choice: TPMChoice?

    /// Prepares a ceremony; `tpm` as the supervisor is started with it, since PCR 14 has that choice, too.
    package init(_ layout: SiteLayout, tpm choice: TPMChoice? = nil) {
        self.layout = layout
        self.choice = choice
    }

    /// What was signed.
    package struct Outcome: Sendable {
        /// What keeps the secret: `tpm2` or `emulated-swtpm`.
        package let keeper: String
        /// SHA-256 of the owner's key.
        package let owner: Digest
        /// Value of PCR 14 that the owner signed.
        package let pcr: Digest
        /// How many entries of the ledger the TPM's counter stands for.
        package let entries: UInt64

        /// For programs.
        package var json: JSONValue {
            [
                "keeper": .string(keeper), "owner": .string(owner.hex), "pcr14": .string(pcr.hex),
                "ledgerEntries": .string(String(entries)),
            ]
        }
    }

    /// Seals the broker's secret, the first time or after an upgrade, under the owner's P-256 key in a file.
    ///
    /// The first time a missing file is made, mode 0600; afterwards it must be the same key.
    ///
    /// `acceptingOlderLedger` binds a ledger to the TPM's counter that this has left behind.
    ///
    /// - Throws: `log.locked` while the supervisor runs; `kek.policy`, `kbs.rollback`, `key.*`, `tpm.*`, `storage.*`.
    package func seal(
        ownerKey path: String,
        acceptingOlderLedger: Bool = false
    ) throws(GloveboxError) -> Outcome {
        let site = try Site(opening: layout, tpm: choice, meetingBroker: false)
        defer { site.close() }
        guard let tpm = site.tpm else {
            throw GloveboxError(
                "tpm.unavailable",
                "the site has no TPM",
                hint: "Give --tpm, or set tpm in gloveboxd.yaml, as for 'gloveboxd serve'."
            )
        }
        let isSealed = try SealedKeyStore(directory: layout.attester).isPresent
        let owner: SigningKey
        if !isSealed && !StateFile.exists(path) {
            owner = SigningKey()
            try StateFile.write(owner.pem, to: path)
        } else {
            owner = try SigningKey(pem: StateFile.readSecret(path))
        }
        let signed = Signed(
            keeper: tpm.trusted.rootOfTrust.rawValue,
            owner: owner.publicKey.digest,
            pcr: try tpm.tpm.presentPolicy().pcr,
            acceptsOlderLedger: acceptingOlderLedger
        )
        // On record first; what came of it when it fails, too.
        try site.record(signed.event())
        do throws(GloveboxError) {
            let secret = BrokerSecret(layout: layout, tpm: tpm)
            try secret.seal(by: owner)
            // A store that was never counted is bound now, before the file goes that opens it without the TPM.
            let adopts = acceptingOlderLedger || secret.isOnDisk
            site.broker.relaunch {
                $0.secret = { () throws(GloveboxError) in try secret.unsealed(adopting: adopts) }
            }
            let ledger = try site.broker.greet(knowing: site.read { $0.brokerLedger }).ledger
            try secret.destroyFile()
            return Outcome(keeper: signed.keeper, owner: signed.owner, pcr: signed.pcr, entries: ledger.count)
        } catch {
            try site.record(signed.event(statusCode: error.code))
            throw error
        }
    }

    /// What the owner says of a site.
    private struct Signed {
        let keeper: String
        let owner: Digest
        let pcr: Digest
        let acceptsOlderLedger: Bool

        /// The broker's secret is kept for the state that the owner signed.
        func event(statusCode: String = "ok") -> Event {
            var fields: [(String, JSONValue)] = [
                ("use", "broker-secret"), ("keeper", .string(keeper)), ("pcr14", .string(pcr.hex)),
            ]
            if acceptsOlderLedger { fields.append(("olderLedger", "accepted")) }
            return Event(kind: .keyRotated, entity: owner.hex, statusCode: statusCode, fields: fields)
        }
    }
}
