package import GloveboxCore

/// Decides whether a run may have a data key: everything must be proved, and what is not known is refused.
///
/// Source: attestation specification, section 11, step 4.
package struct KeyAppraisal: Sendable {
    /// Seconds by which the supervisor's clock may differ from the broker's.
    static let clockTolerance: Int64 = 300

    /// The run, when every check passed.
    package let run: AppraisedRun?
    /// Every cause of a refusal, in the order of the stages; empty when the run may have the key.
    package let causes: [GloveboxError]

    /// Holds evidence against expectations.
    ///
    /// - Returns: a run, or the causes: codes of `verify` for what both check; `kbs.nonce` for another nonce, `kbs.key`
    ///   for a plan of other data.
    package init(_ evidence: KeyEvidence, expecting expected: KeyExpectations) {
        var checks = CheckList()
        let parts = AppraisedParts(evidence, &checks)
        Self.origin(parts, expected, &checks)
        Self.freshness(parts, expected, &checks)
        Self.measurements(parts, evidence, expected, &checks)
        Self.quote(parts, at: expected.now, &checks)
        Self.people(parts, evidence, &checks)
        causes = checks.causes
        guard causes.isEmpty, let report = parts.report, let manifest = parts.manifest, let request = parts.request,
            let start = parts.envelope?.payloadDigest, let trust = parts.trust
        else {
            run = nil
            return
        }
        run = AppraisedRun(
            job: report.jobID,
            run: report.run,
            project: manifest.project,
            plan: manifest.digest,
            start: start,
            outputPolicy: manifest.policies.output,
            hpkeKey: request.hpkeKey,
            trustVersion: trust.policy.version,
            root: trust.signingRoot.publicKey.spki,
            log: trust.keys.log
        )
    }

    /// The statement is signed by a leaf of this site's platform CA, under the root the broker was given.
    static func origin(_ parts: AppraisedParts, _ expected: KeyExpectations, _ checks: inout CheckList) {
        _ = checks.run(.keys, "trust.root", parts.trust) { trust throws(GloveboxError) in
            try trust.checkSignature()
            if trust.signingRoot.publicKey.spki == expected.root { return }
            // A root that the one the broker was given has named as its heir, in as many steps as there were.
            let given = try VerifyingKey(spki: expected.root)
            guard RootSuccession.lead(trust.policy.successions, from: given, to: trust.signingRoot.publicKey) else {
                throw GloveboxError("trust.signature", "the trust files are of another root")
            }
        }
        _ = checks.run(.keys, "trust.version", parts.trust, parts.report) { trust, report throws(GloveboxError) in
            try trust.checkVersion(seen: expected.seenTrustVersion, named: report.policies.trustVersion)
        }
        _ = checks.run(.envelope, "envelope.signature", parts.envelope, parts.leaf) {
            envelope,
            leaf throws(GloveboxError) in
            try leaf.publicKey.check(envelope.signature, over: envelope.pae)
        }
        let chain = parts.certificates
        CertificateChecks.judge(chain, of: parts.report, at: expected.now, &checks)
        _ = checks.run(.certificate, "cert.sct", chain) { chain throws(GloveboxError) in
            guard let key = chain.trust.timestamps else {
                throw GloveboxError("cert.sct-missing", "the trust files name no key for certificate time stamps")
            }
            _ = try CertificateTimestamp.check(chain.leaf, issuer: chain.platform.publicKey, key: key)
        }
        checks.review(.keys, "key.revocations", chain) { chain in
            [chain.leaf, chain.platform].filter {
                chain.trust.revocation(of: $0.publicKey.digest).map { $0 <= expected.now } ?? false
            }.map { _ in GloveboxError("key.revoked", "a key of the chain is revoked") }
        }
    }

    /// The request answers the broker's own nonce, now.
    private static func freshness(_ parts: AppraisedParts, _ expected: KeyExpectations, _ checks: inout CheckList) {
        _ = checks.run(.freshness, "kbs.nonce", parts.report) { _ throws(GloveboxError) in
            guard let request = parts.request else {
                throw GloveboxError("kbs.evidence", "the start statement asks for no key")
            }
            guard request.nonce == expected.nonce else {
                throw GloveboxError("kbs.nonce", "the start statement answers another nonce")
            }
        }
        _ = checks.run(.time, "time", parts.report) { report throws(GloveboxError) in
            let start = report.time.start
            guard start <= expected.now.adding(seconds: clockTolerance) else {
                throw GloveboxError("time.future", "the run starts in the broker's future")
            }
            guard expected.now <= start.adding(seconds: clockTolerance) else {
                throw GloveboxError("time.regress", "the run started more than five minutes ago")
            }
        }
    }

    /// What will run is what was approved, on programs, kernel and jail that the signed reference values list.
    private static func measurements(
        _ parts: AppraisedParts,
        _ evidence: KeyEvidence,
        _ expected: KeyExpectations,
        _ checks: inout CheckList
    ) {
        _ = checks.run(.statement, "statement.subjects", parts.statement, parts.report) {
            statement,
            report throws(GloveboxError) in
            guard statement.subjects.count == 1 else {
                throw GloveboxError("statement.subject-name", "a start statement is about its plan alone")
            }
            try OutputChecks.subjects(statement, report, manifest: evidence.manifest)
        }
        var options = VerifyOptions()
        // The root of trust is the site's own and stands in every report; a broker of the same host adds none.
        options.acceptEmulated = true
        options.accept = parts.trust?.policy.accept ?? []
        let claims = parts.report.map { ClaimChecks(report: $0, options: options) }
        _ = checks.run(.assurance, "assurance.root", claims) { claims throws(GloveboxError) in try claims.root() }
        _ = checks.run(.assurance, "assurance.quoted", claims, parts.trust) { claims, trust throws(GloveboxError) in
            try claims.quoted(trust, at: expected.now)
        }
        checks.review(.assurance, "assurance.switches", claims) { $0.switches }
        checks.review(.assurance, "assurance.not-proven", claims) { $0.admissions }
        let reference = parts.trust?.policy.reference
        checks.review(.assurance, "assurance.binaries", ReportVerifier.both(claims, reference)) { $0.0.binaries($0.1) }
        checks.review(.assurance, "assurance.kernel", ReportVerifier.both(parts.report, reference)) {
            KernelChecks(kernel: $0.0.attester.kernel, reference: $0.1).causes
        }
        checks.review(.assurance, "assurance.reference", ReportVerifier.both(parts.report, reference)) {
            ReferenceChecks(report: $0.0, reference: $0.1, outputPolicy: expected.outputPolicy).causes
        }
        let all = parts.measurements
        _ = checks.run(.measurement, "code", all) { all throws(GloveboxError) in try all.code() }
        _ = checks.run(.measurement, "rootfs", all) { all throws(GloveboxError) in try all.rootfs() }
        _ = checks.run(.measurement, "invocation", all) { all throws(GloveboxError) in try all.invocation() }
        checks.review(.measurement, "environment", all) { $0.environment }
        _ = checks.run(.measurement, "data", all) { all throws(GloveboxError) in try all.data() }
        _ = checks.run(.measurement, "jail", all) { all throws(GloveboxError) in
            guard all.report.jail.policy == all.manifest.core.profile.digest else {
                throw GloveboxError("jail.policy", "the jail profile is not the approved one")
            }
        }
        _ = checks.run(.measurement, "kbs.key", parts.manifest) { manifest throws(GloveboxError) in
            let named = manifest.inputs.filter { $0.kind == .real }.map(\.commit.value)
            guard !expected.commitments.isEmpty, expected.commitments.allSatisfy(named.contains) else {
                throw GloveboxError("kbs.key", "the plan does not name the data of the key asked for")
            }
        }
        checks.review(.policy, "policies", ReportVerifier.both(all, parts.trust?.policy)) {
            $0.0.policies($0.1.minPolicyVersions)
        }
    }

    /// The quote of a site with a TPM is of this leaf and this nonce.
    private static func quote(_ parts: AppraisedParts, at now: Instant, _ checks: inout CheckList) {
        guard let report = parts.report, let quote = report.quote else { return }
        let judge = QuoteChecks.state(quote, of: report, parts.trust, at: now, &checks)
        _ = checks.run(.tpm, "tpm.extra-data", judge, parts.leaf, parts.request) {
            judge,
            leaf,
            request throws(GloveboxError) in
            try judge.extraData(
                QuoteBinding(nonce: request.nonce, key: leaf.publicKey.digest, manifest: report.manifestDigest)
            )
        }
    }

    /// The plan is its submitter's, and enough others approved it for now.
    static func people(_ parts: AppraisedParts, _ evidence: KeyEvidence, _ checks: inout CheckList) {
        _ = ApprovalChecks.judge(
            parts.people,
            parts.report?.approvals ?? [],
            envelope: parts.manifestEnvelope,
            file: { evidence.manifest },
            votes: evidence.votes,
            &checks
        )
    }
}
