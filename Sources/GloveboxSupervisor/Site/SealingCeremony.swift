internal import GloveboxAttestation
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

        /// For programs.
        package var json: JSONValue {
            ["keeper": .string(keeper), "owner": .string(owner.hex), "pcr14": .string(pcr.hex)]
        }
    }

    /// Seals the broker's secret, the first time or after an upgrade, under the owner's P-256 key in a file.
    ///
    /// The first time a missing file is made, mode 0600; afterwards it must be the same key.
    ///
    /// - Throws: `log.locked` while the supervisor runs; `kek.policy`, `key.*`, `tpm.*`, `storage.*`.
    package func seal(ownerKey path: String) throws(GloveboxError) -> Outcome {
        let site = try Site(opening: layout, tpm: choice, meetingBroker: false)
        defer { site.log.close() }
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
        let outcome = Outcome(
            keeper: tpm.trusted.rootOfTrust.rawValue,
            owner: owner.publicKey.digest,
            pcr: try tpm.tpm.presentPolicy().pcr
        )
        // On record first; what came of it when it fails, too.
        try site.record(Self.event(outcome))
        do throws(GloveboxError) { try BrokerSecret(layout: layout, tpm: tpm).seal(by: owner) } catch {
            try site.record(Self.event(outcome, statusCode: error.code))
            throw error
        }
        return outcome
    }

    /// The broker's secret is kept for the state that the owner signed.
    private static func event(_ outcome: Outcome, statusCode: String = "ok") -> Event {
        Event(
            kind: .keyRotated,
            entity: outcome.owner.hex,
            statusCode: statusCode,
            fields: [
                ("use", "broker-secret"), ("keeper", .string(outcome.keeper)), ("pcr14", .string(outcome.pcr.hex)),
            ]
        )
    }
}
