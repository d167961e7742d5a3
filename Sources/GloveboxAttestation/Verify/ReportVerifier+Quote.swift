internal import GloveboxCore

extension ReportVerifier {
    /// Judges the quote of a report that carries one; that a report must carry one is a check of its assurance.
    static func quote(
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ logged: LoggedAt?,
        _ start: StartChecks?,
        _ checks: inout CheckList
    ) {
        guard let report = parts.report, let quote = report.quote else { return }
        let judge = QuoteChecks.state(quote, of: report, parts.trust, at: logged?.time, &checks)
        _ = checks.run(.tpm, "tpm.files") { () throws(GloveboxError) in
            for file in try quote.files() where try input.file(file.name) != file.bytes {
                throw GloveboxError("report.conflict", "\(file.name) is not the one in the report")
            }
        }
        _ = checks.run(.tpm, "tpm.clock", judge) { judge throws(GloveboxError) in
            if let claimed = report.time.tpm, claimed != judge.message.clock {
                throw GloveboxError("tpm.clock", "the report claims another clock than the TPM signed")
            }
            guard let start else { return try StartChecks.requireNamed(report, input) }
            guard let earlier = try start.clock() else { return }
            try judge.clock(after: earlier)
            // A TPM that is no program is reset with its machine alone; then the report names the machine's other start.
            guard
                report.assurance.rootOfTrust != .tpm2 || report.time.bootID != nil
                    || earlier.resetCount == judge.message.clock.resetCount
            else {
                throw GloveboxError("boot.mismatch", "the TPM was reset between the start of the run and its report")
            }
        }
        _ = checks.run(.tpm, "tpm.extra-data", judge, parts.leaf) { judge, leaf throws(GloveboxError) in
            let binding = QuoteBinding(
                nonce: report.nonce,
                key: leaf.publicKey.digest,
                manifest: report.manifestDigest
            )
            try judge.extraData(binding)
        }
    }

    /// Judges the quote of a start statement, which answers the broker's nonce where a key was asked for.
    static func startQuote(
        _ all: StartChecks?,
        _ parts: VerifiedParts,
        _ logged: LoggedAt?,
        _ checks: inout CheckList
    ) {
        _ = checks.run(.tpm, "start.tpm.quoted", all, parts.trust, logged) { all, trust, logged throws(GloveboxError) in
            try ClaimChecks(report: all.start, options: VerifyOptions())
                .quoted(trust, at: min(all.report.time.start, logged.time))
        }
        guard let all, let quote = all.start.quote else { return }
        let time = logged.map { min(all.report.time.start, $0.time) }
        let judge = QuoteChecks.state(quote, of: all.start, parts.trust, at: time, &checks, prefix: "start.tpm")
        _ = checks.run(.tpm, "start.tpm.extra-data", judge) { judge throws(GloveboxError) in
            try judge.extraData(
                QuoteBinding(
                    nonce: all.request?.nonce ?? all.report.nonce,
                    key: all.leaf.publicKey.digest,
                    manifest: all.report.manifestDigest
                )
            )
        }
    }
}
