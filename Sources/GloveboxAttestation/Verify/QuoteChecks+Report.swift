internal import GloveboxCore

extension QuoteChecks {
    /// Checks what a quote says of the machine that a report or start statement is from, whatever it was asked with.
    ///
    /// - Returns: the quote's judge, for what follows; nil when it is not readable.
    static func state(
        _ quote: Quote,
        of report: Report,
        _ trust: TrustStore?,
        _ checks: inout CheckList
    ) -> QuoteChecks? {
        let judge = checks.run(.tpm, "tpm.quote") { () throws(GloveboxError) in try QuoteChecks(quote) }
        _ = checks.run(.tpm, "tpm.signature", judge) { judge throws(GloveboxError) in try judge.signature() }
        _ = checks.run(.tpm, "tpm.ak", judge, trust) { judge, trust throws(GloveboxError) in
            try judge.attestationKey(trust.policy.attestationKeys, claiming: report.assurance.rootOfTrust)
        }
        _ = checks.run(.tpm, "tpm.pcr-selection", judge) { judge throws(GloveboxError) in try judge.selection() }
        _ = checks.run(.tpm, "tpm.pcr-digest", judge) { judge throws(GloveboxError) in try judge.digest() }
        _ = checks.run(.tpm, "tpm.event-log", judge, trust) { judge, trust throws(GloveboxError) in
            try judge.events(
                supervisor: report.attester.supervisor,
                launcher: report.attester.launcher,
                reference: trust.policy.reference
            )
        }
        return judge
    }
}
