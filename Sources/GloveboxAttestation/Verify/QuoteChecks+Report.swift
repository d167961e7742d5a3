internal import GloveboxCore

extension QuoteChecks {
    /// Checks what a quote says of the machine that a report or start statement is from, whatever it was asked with.
    ///
    /// The names of the checks begin with `prefix`; `time` is when it was signed, as far as others than the signer say.
    ///
    /// - Returns: the quote's judge, for what follows; nil when it is not readable.
    static func state(
        _ quote: Quote,
        of report: Report,
        _ trust: TrustStore?,
        at time: Instant?,
        _ checks: inout CheckList,
        prefix: String = "tpm"
    ) -> QuoteChecks? {
        let judge = checks.run(.tpm, "\(prefix).quote") { () throws(GloveboxError) in try QuoteChecks(quote) }
        _ = checks.run(.tpm, "\(prefix).signature", judge) { judge throws(GloveboxError) in try judge.signature() }
        _ = checks.run(.tpm, "\(prefix).ak", judge, trust, time) { judge, trust, time throws(GloveboxError) in
            let key = try judge.attestationKey(
                trust.policy.attestationKeys,
                claiming: report.assurance.rootOfTrust
            )
            try judge.named(report.attester.keyName)
            if let from = trust.revocation(of: key.digest), from <= time {
                throw GloveboxError("key.revoked", "the TPM's attestation key was revoked from \(from)")
            }
            if let to = key.validTo, to <= time {
                throw GloveboxError("key.expired", "another TPM took the place of that attestation key's at \(to)")
            }
        }
        _ = checks.run(.tpm, "\(prefix).pcr-selection", judge) { judge throws(GloveboxError) in try judge.selection() }
        _ = checks.run(.tpm, "\(prefix).pcr-digest", judge) { judge throws(GloveboxError) in try judge.digest() }
        _ = checks.run(.tpm, "\(prefix).event-log", judge, trust) { judge, trust throws(GloveboxError) in
            try judge.events(
                supervisor: report.attester.supervisor,
                launcher: report.attester.launcher,
                reference: trust.policy.reference
            )
        }
        return judge
    }
}
