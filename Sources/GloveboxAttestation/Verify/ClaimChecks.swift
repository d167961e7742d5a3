internal import GloveboxCore

/// Freshness, time and assurance: what the report claims about itself.
///
/// Source: attestation specification, sections 4.2 and 12; decisions 5 and 6.
struct ClaimChecks {
    let report: Report
    let options: VerifyOptions

    /// The nonce is the caller's, or SHA-256 of the manifest when there is no caller.
    ///
    /// - Throws: `nonce.encoding`, `nonce.mismatch`, `nonce.missing`.
    func nonce(_ manifest: Digest) throws(GloveboxError) {
        guard let expected = options.nonce else {
            guard report.nonce == manifest.bytes else {
                throw GloveboxError(
                    "nonce.missing",
                    "the report answers a nonce that its caller chose",
                    hint: "Give that nonce."
                )
            }
            return
        }
        guard expected.count == 32 else { throw GloveboxError("nonce.encoding", "the nonce given is not 32 bytes") }
        guard report.nonce == expected else {
            throw GloveboxError("nonce.mismatch", "the report answers another nonce")
        }
    }

    /// The times are in order and not in the future.
    ///
    /// - Throws: `time.regress`, `time.future`.
    func time(logged: Instant) throws(GloveboxError) {
        guard report.time.start <= report.time.end else {
            throw GloveboxError("time.regress", "the run ended before it started")
        }
        guard report.time.end <= logged.adding(seconds: 300) else {
            throw GloveboxError("time.future", "the report was logged before the run ended")
        }
        if let now = options.now, now.adding(seconds: 300) < max(logged, report.time.end) {
            throw GloveboxError("time.future", "the report is from the future")
        }
    }

    /// The root of trust is one that the reader accepts.
    ///
    /// - Throws: `assurance.emulated`.
    func root() throws(GloveboxError) {
        guard options.acceptEmulated || report.assurance.rootOfTrust == .tpm2 else {
            throw GloveboxError(
                "assurance.emulated",
                "no hardware vouches for this report",
                hint: "Accept it with --accept emulated."
            )
        }
    }

    /// A quote is there where a TPM is claimed, and where the site had one at that time.
    ///
    /// - Throws: `tpm.signature`.
    func quoted(_ trust: TrustStore, at time: Instant) throws(GloveboxError) {
        let root = report.assurance.rootOfTrust
        guard (root == .emulatedTPM || root == .tpm2) == (report.quote != nil), root != .sevSNP else {
            throw GloveboxError("tpm.signature", "a TPM or hardware root is claimed and there is no quote of it")
        }
        guard report.quote != nil || report.attester.keyName == nil else {
            throw GloveboxError("tpm.signature", "an attestation key is named and there is no quote by it")
        }
        guard report.quote != nil || !trust.demandsQuote(at: time) else {
            throw GloveboxError("tpm.signature", "there is no quote, and the site had a TPM at that time")
        }
    }

    /// Every safety switch that was off and that the reader does not accept by name: `assurance.debug`,
    /// `assurance.insecure`.
    var switches: [GloveboxError] {
        let accepted = options.accept
        let off = report.assurance.insecure.filter { entry in !accepted.contains { $0.isSame(as: entry) } }
        let debug =
            report.assurance.debug && !accepted.contains("debug")
            ? [GloveboxError("assurance.debug", "the supervisor ran with debugging on")] : []
        return debug + off.map { GloveboxError("assurance.insecure", "a safety switch was off: \($0)") }
    }

    /// Everything that an emulated root cannot prove and the report does not admit: `assurance.not-proven`.
    var admissions: [GloveboxError] {
        Report.Assurance.neverProvenByEmulation.filter { !report.assurance.notProven.contains($0) }.map {
            GloveboxError("assurance.not-proven", "the report does not admit that \($0) is not proven")
        }
    }

    /// Every program of the attester that the trust policy does not know: `reference.missing`, `reference.mismatch`,
    /// `svn.downgrade`.
    func binaries(_ reference: ReferenceValues) -> [GloveboxError] {
        guard !reference.supervisors.isEmpty, !reference.launchers.isEmpty else {
            return [GloveboxError("reference.missing", "the trust policy lists no supervisor or no launcher")]
        }
        let attester = report.attester
        var causes: [GloveboxError] = []
        func unknown(_ what: String) { causes.append(GloveboxError("reference.mismatch", what)) }
        if !reference.supervisors.contains(attester.supervisor) { unknown("the supervisor is not a known binary") }
        if !reference.launchers.contains(attester.launcher) { unknown("the launcher is not a known binary") }
        if let fixed = report.jail.deterministic, !reference.shims.contains(fixed.shim) {
            unknown("the library that made the run repeatable is not a known one")
        }
        for file in attester.mapped where !reference.mapped.isEmpty && !reference.mapped.contains(file.digest) {
            unknown("the supervisor mapped an unknown file, \(file.path)")
        }
        if attester.svn < reference.minSVN {
            causes.append(GloveboxError("svn.downgrade", "the supervisor is older than the trust policy allows"))
        }
        return causes
    }
}
