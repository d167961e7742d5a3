package import GloveboxCore

/// What a supervisor shows its signer beside a statement.
package struct SignerEvidence: Sendable {
    /// `manifest.json`.
    package let manifest: [UInt8]
    /// The plan in its submitter's envelope.
    package let manifestEnvelope: [UInt8]
    /// The trust files by name, as in ``TrustFiles/Name``.
    package let trust: [String: [UInt8]]

    /// Gathers evidence.
    package init(manifest: [UInt8], manifestEnvelope: [UInt8], trust: [String: [UInt8]]) {
        (self.manifest, self.manifestEnvelope, self.trust) = (manifest, manifestEnvelope, trust)
    }
}

/// Decides whether a leaf may sign what a supervisor states: for a supervisor, a kernel and a TPM that the owners' reference values
/// list, and a run that starts, or whose outputs are released, for a run that enough others approved.
///
/// It checks what a key broker checks, for runs that ask for no key, too. Of a report that releases nothing, which also tells
/// of runs that were refused, it checks who speaks and not what was done. Source: attestation specification, sections 7 and 11.
package struct SignerAppraisal: Sendable {
    /// What a signer knows by itself.
    package struct Expectations: Sendable {
        /// The key (SPKI, DER) of the root that the signer was given.
        package let root: [UInt8]
        /// SHA-256 of the leaf's public key.
        package let leaf: Digest
        /// Highest version of the trust policy that the signer has seen.
        package let seenTrustVersion: UInt64
        /// The signer's own clock.
        package let now: Instant

        /// Gathers expectations.
        package init(root: [UInt8], leaf: Digest, seenTrustVersion: UInt64, now: Instant) {
            (self.root, self.leaf, self.seenTrustVersion, self.now) = (root, leaf, seenTrustVersion, now)
        }
    }

    /// Version of the trust policy that the evidence was held against; nil when it was not accepted, or there was none to hold.
    package let trustVersion: UInt64?
    /// Every cause of a refusal, in the order of the stages; empty when the leaf may sign.
    package let causes: [GloveboxError]

    /// Holds a statement and its evidence against expectations; a disclosure record, which claims nothing of the attester, needs none.
    package init(
        _ statement: SupervisorStatement,
        _ evidence: SignerEvidence?,
        expecting expected: Expectations,
        reading reader: TrustReader = TrustReader()
    ) {
        guard let report = statement.report else {
            (trustVersion, causes) = (nil, [])
            return
        }
        var checks = CheckList()
        let trust = checks.run(.parse, "trust.files") { () throws(GloveboxError) in
            guard let evidence else { throw GloveboxError("input.missing", "the statement comes without evidence") }
            return try reader.read(evidence.trust)
        }
        Self.root(trust, report, expected, &checks)
        Self.attester(trust, report, statement.request, expected, &checks)
        if statement.kind == .start { Self.time(report, expected, &checks) }
        if statement.kind == .start || report.outcome == .released { Self.plan(trust, report, evidence, &checks) }
        causes = checks.causes
        trustVersion = causes.isEmpty ? trust?.policy.version : nil
    }

    private static func root(
        _ trust: TrustStore?,
        _ report: Report,
        _ expected: Expectations,
        _ checks: inout CheckList
    ) {
        _ = checks.run(.keys, "trust.root", trust) { trust throws(GloveboxError) in
            try trust.checkSignature()
            if trust.signingRoot.publicKey.spki == expected.root { return }
            // A root that the one the signer was given has named as its heir, in as many steps as there were.
            let given = try VerifyingKey(spki: expected.root)
            guard RootSuccession.lead(trust.policy.successions, from: given, to: trust.signingRoot.publicKey) else {
                throw GloveboxError("trust.signature", "the trust files are of another root")
            }
        }
        _ = checks.run(.keys, "trust.version", trust) { trust throws(GloveboxError) in
            try trust.checkVersion(seen: expected.seenTrustVersion, named: report.policies.trustVersion)
        }
    }

    private static func attester(
        _ trust: TrustStore?,
        _ report: Report,
        _ request: Report.KeyRequest?,
        _ expected: Expectations,
        _ checks: inout CheckList
    ) {
        let claims = ClaimChecks(report: report, options: VerifyOptions())
        _ = checks.run(.assurance, "assurance.quoted", trust) { trust throws(GloveboxError) in
            try claims.quoted(trust, at: expected.now)
        }
        checks.review(.assurance, "assurance.binaries", trust) { claims.binaries($0.policy.reference) }
        checks.review(.assurance, "assurance.kernel", trust) {
            KernelChecks(kernel: report.attester.kernel, reference: $0.policy.reference).causes
        }
        guard let quote = report.quote else { return }
        let judge = QuoteChecks.state(quote, of: report, trust, at: expected.now, &checks)
        _ = checks.run(.tpm, "tpm.extra-data", judge) { judge throws(GloveboxError) in
            try judge.extraData(
                QuoteBinding(
                    nonce: request?.nonce ?? report.nonce,
                    key: expected.leaf,
                    manifest: report.manifestDigest
                )
            )
        }
    }

    /// A run that starts does so now.
    private static func time(_ report: Report, _ expected: Expectations, _ checks: inout CheckList) {
        _ = checks.run(.time, "time") { () throws(GloveboxError) in
            guard expected.now <= report.time.start.adding(seconds: KeyAppraisal.clockTolerance) else {
                throw GloveboxError("time.regress", "the run started more than five minutes ago")
            }
        }
    }

    /// What will run, or ran, is what enough others had approved when it started.
    private static func plan(
        _ trust: TrustStore?,
        _ report: Report,
        _ evidence: SignerEvidence?,
        _ checks: inout CheckList
    ) {
        let manifest = checks.run(.parse, "manifest.payload") { () throws(GloveboxError) in
            let manifest = try Manifest(parsing: evidence?.manifest ?? [])
            guard manifest.digest == report.manifestDigest else {
                throw GloveboxError("statement.subject-digest", "the plan shown is another than the statement's")
            }
            return manifest
        }
        let all = manifest.map { MeasurementChecks(report: report, manifest: $0) }
        _ = checks.run(.measurement, "code", all) { all throws(GloveboxError) in try all.code() }
        _ = checks.run(.measurement, "rootfs", all) { all throws(GloveboxError) in try all.rootfs() }
        _ = checks.run(.measurement, "invocation", all) { all throws(GloveboxError) in try all.invocation() }
        _ = checks.run(.measurement, "data", all) { all throws(GloveboxError) in try all.data() }
        let people = trust.flatMap { trust in
            manifest.map { ApprovalChecks(report: report, manifest: $0, trust: trust) }
        }
        let envelope = checks.run(.parse, "manifest.envelope") { () throws(GloveboxError) in
            try Envelope(parsing: evidence?.manifestEnvelope ?? [])
        }
        _ = ApprovalChecks.judge(
            people,
            report.approvals,
            envelope: envelope,
            file: { evidence?.manifest ?? [] },
            votes: nil,
            &checks
        )
    }
}
