package import GloveboxCore
internal import GloveboxTransparency

/// Verifies a report offline from files in memory; needs no network, no account and no clock.
///
/// Source: attestation specification, section 12.
package enum ReportVerifier {
    /// Runs every check and gives the verdict.
    ///
    /// - Parameters:
    ///   - evidence: files by name as in ``EvidenceFiles``.
    ///   - inspected: digests of what is below ``EvidenceFiles/inspected``, by the same names; those among `evidence` count too.
    ///   - trust: files by name as in ``TrustFiles/Name``.
    ///   - results: result files that the reader holds.
    ///   - options: what the reader asks for and accepts.
    /// - Returns: the verdict with all checks.
    package static func verify(
        evidence: [String: [UInt8]],
        inspected: [String: Digest] = [:],
        trust: [String: [UInt8]],
        results: [ResultFile] = [],
        options: VerifyOptions = VerifyOptions()
    ) -> Verdict {
        let input = VerifyInput(evidence, inspected: inspected, trust: trust, results: results, options: options)
        var checks = CheckList()
        var parts = VerifiedParts(input, &checks)
        parts.began = began(input, parts, &checks)
        signature(input, parts, &checks)
        let logged = log(input, parts, &checks)
        let stamped = forms(input, parts, logged, &checks)
        certificates(parts, logged, &checks)
        let approvers = people(input, parts, logged, &checks)
        claims(input, parts, logged, &checks)
        let start = StartChecks.read(input, parts, &checks)
        quote(input, parts, logged, start, &checks)
        measurements(input, parts, &checks)
        node(input, parts, &checks)
        outputs(input, parts, &checks)
        workflow(input, parts, logged, &checks)
        self.start(start, input, parts, logged, &checks)
        tokens(input, parts, &checks)
        let seen = remembered(input, parts, logged, &checks)
        let sorted = checks.sorted
        let story = Story(parts: parts, approvers: approvers, logged: logged, stamped: stamped, input: input)
        return Verdict(
            checks: sorted,
            reportID: parts.envelope?.payloadDigest,
            assurance: parts.report?.assurance.json ?? .object(JSONObject()),
            seen: seen,
            facts: story.lines
        )
    }

    private static func remembered(
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ logged: LoggedAt?,
        _ checks: inout CheckList
    ) -> VerifierMemory.Seen? {
        var seen: VerifierMemory.Seen?
        if let (report, id) = parts.identified, let logged, let trust = parts.trust {
            seen = VerifierMemory.Seen(report, id: id, logged: logged, trustVersion: trust.policy.version)
        }
        if let memory = input.options.memory {
            let isAsked = input.options.nonce != nil
            checks.review(.keys, "memory.versions", seen) { memory.versions($0) }
            checks.review(.log, "memory.order", seen) { memory.order($0) }
            checks.review(.freshness, "memory.stories", seen) { memory.stories($0, isAsked: isAsked) }
            checks.review(.freshness, "memory.chain", seen) { memory.chain($0) }
            checks.review(.tpm, "memory.clock", seen) { memory.clock($0) }
        }
        return seen
    }

    private static func signature(_ input: VerifyInput, _ parts: VerifiedParts, _ checks: inout CheckList) {
        _ = checks.run(.envelope, "envelope.signature", parts.envelope, parts.leaf) {
            envelope,
            leaf throws(GloveboxError) in
            try leaf.publicKey.check(envelope.signature, over: envelope.pae)
        }
        _ = checks.run(.envelope, "envelope.key", parts.envelope, parts.leaf) { envelope, leaf throws(GloveboxError) in
            // Nothing authenticates a key id, but there are readers that skip a signature whose key has another one.
            guard envelope.keyID == leaf.publicKey.keyID else {
                throw GloveboxError("key.unknown", "the report names another key than its leaf's")
            }
        }
        _ = checks.run(.envelope, "envelope.public-key", parts.leaf) { leaf throws(GloveboxError) in
            guard try input.file(EvidenceFiles.publicKey) == leaf.publicKey.pem else {
                throw GloveboxError("envelope.algorithm", "att.pub is not the key of leaf.pem")
            }
        }
        _ = checks.run(.statement, "statement.subjects", parts.statement, parts.report) {
            statement,
            report throws(GloveboxError) in
            try OutputChecks.subjects(statement, report, manifest: input.file(EvidenceFiles.manifest))
        }
    }

    private static func log(
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ checks: inout CheckList
    ) -> LoggedAt? {
        _ = checks.run(.log, "log.leaf", parts.envelope, parts.leaf) { envelope, leaf throws(GloveboxError) in
            try LogChecks.leaf(input, envelope, leaf)
        }
        let log = parts.trust.map { LogChecks(input: input, trust: $0) }
        let leaf = checks.run(.log, "log.proof", log) { log throws(GloveboxError) in
            try log.included(entry: EvidenceFiles.entry, proof: EvidenceFiles.proof)
        }
        let event = checks.run(.log, "log.issued-proof", log) { log throws(GloveboxError) in
            try log.included(entry: EvidenceFiles.issuedEntry, proof: EvidenceFiles.issuedProof)
        }
        let pair = leaf.flatMap { leaf in event.map { (leaf: leaf, event: $0) } }
        let time = checks.run(.log, "log.issued-event", log, pair, parts.identified) {
            log,
            pair,
            report throws(GloveboxError) in
            try log.issued(pair.event, after: pair.leaf, report: report.report, id: report.id)
        }
        _ = checks.run(.log, "log.position", log, leaf, parts.report) { log, leaf, report throws(GloveboxError) in
            try log.position(report, leaf: leaf)
        }
        guard let leaf, let time else { return nil }
        return LoggedAt(time: time, index: leaf.index, size: leaf.checkpoint.size)
    }

    private static func certificates(_ parts: VerifiedParts, _ logged: LoggedAt?, _ checks: inout CheckList) {
        CertificateChecks.judge(parts.certificates, of: parts.report, at: logged?.time, &checks)
        if let trust = parts.trust, trust.timestamps == nil {
            checks.leaveOut(.certificate, "cert.sct", "the trust files name no key for certificate time stamps")
        } else {
            _ = checks.run(.certificate, "cert.sct", parts.trust?.timestamps, parts.leaf, parts.platform) {
                key,
                leaf,
                platform throws(GloveboxError) in
                try CertificateTimestamp.check(leaf, issuer: platform.publicKey, key: key)
            }
        }
    }

    private static func people(
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ logged: LoggedAt?,
        _ checks: inout CheckList
    ) -> [RoleKey] {
        _ = checks.run(.keys, "trust.signature", parts.trust) { trust throws(GloveboxError) in
            try trust.checkSignature()
        }
        _ = checks.run(.keys, "trust.version", parts.trust, parts.report) { trust, report throws(GloveboxError) in
            try trust.checkVersion(seen: input.options.seenTrustVersion, named: report.policies.trustVersion)
        }
        _ = checks.run(.keys, "key.revocations", both(parts.leaf, parts.trust), logged) {
            parts,
            logged throws(GloveboxError) in
            try parts.1.checkRevocations(at: logged.time, leaf: parts.0.publicKey.digest)
        }
        _ = checks.run(.keys, "key.periods", parts.trust, logged) { trust, logged throws(GloveboxError) in
            try trust.checkPeriods(at: logged.time)
        }
        return ApprovalChecks.judge(
            parts.people,
            parts.report?.approvals ?? [],
            envelope: parts.manifestEnvelope,
            file: { () throws(GloveboxError) in try input.file(EvidenceFiles.manifest) },
            votes: input.approvalFiles,
            &checks
        )
    }

    private static func claims(
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ logged: LoggedAt?,
        _ checks: inout CheckList
    ) {
        let claims = parts.report.map { ClaimChecks(report: $0, options: input.options) }
        _ = checks.run(.time, "time.order", claims, logged) { claims, logged throws(GloveboxError) in
            try claims.time(logged: logged.time)
        }
        _ = checks.run(.freshness, "nonce", claims) { claims throws(GloveboxError) in
            try claims.nonce(Hashing.sha256(input.file(EvidenceFiles.manifest)))
        }
        _ = checks.run(.assurance, "assurance.root", claims) { claims throws(GloveboxError) in try claims.root() }
        _ = checks.run(.assurance, "assurance.quoted", claims, parts.trust, logged) {
            claims,
            trust,
            logged throws(GloveboxError) in
            try claims.quoted(trust, at: logged.time)
        }
        checks.review(.assurance, "assurance.switches", claims) { $0.switches }
        checks.review(.assurance, "assurance.not-proven", claims) { $0.admissions }
        if let privacy = parts.report?.privacy {
            _ = checks.run(.outputs, "privacy.arithmetic") { () throws(GloveboxError) in try privacy.checkAmounts() }
            _ = checks.run(.outputs, "privacy.ledger", parts.report) { report throws(GloveboxError) in
                try privacy.checkLedger(after: report.log.startIndex, before: logged?.index)
            }
            if let index = privacy.ledgerIndex {
                let log = parts.trust.map { LogChecks(input: input, trust: $0) }
                _ = checks.run(.outputs, "privacy.charge", log, parts.report) { log, report throws(GloveboxError) in
                    try log.charge(privacy, at: index, of: report)
                }
            }
        }
        let reference = parts.trust?.policy.reference
        checks.review(.assurance, "assurance.binaries", both(claims, reference)) { $0.0.binaries($0.1) }
        checks.review(.assurance, "assurance.kernel", both(parts.report, reference)) {
            KernelChecks(kernel: $0.0.attester.kernel, reference: $0.1).causes
        }
    }

    private static func measurements(_ input: VerifyInput, _ parts: VerifiedParts, _ checks: inout CheckList) {
        let all = parts.measurements
        _ = checks.run(.measurement, "code", all) { all throws(GloveboxError) in try all.code() }
        if let code = input.options.expectedCode {
            _ = checks.run(.measurement, "code.expected", parts.report) { report throws(GloveboxError) in
                try MeasurementChecks.expected(code, report)
            }
        } else {
            checks.leaveOut(.measurement, "code.expected", "no expected code was given")
        }
        if let line = input.evidence[EvidenceFiles.codeDigests] {
            _ = checks.run(.measurement, "code.digests", parts.report) { report throws(GloveboxError) in
                try MeasurementChecks.expected(.measured(CodeDigests(line: line)), report)
            }
        }
        _ = checks.run(.measurement, "rootfs", all) { all throws(GloveboxError) in try all.rootfs() }
        _ = checks.run(.measurement, "invocation", all) { all throws(GloveboxError) in try all.invocation() }
        checks.review(.measurement, "environment", all) { $0.environment }
        _ = checks.run(.measurement, "data", all) { all throws(GloveboxError) in try all.data() }
        let policy = parts.trust?.policy
        checks.review(.measurement, "jail", both(all, policy)) { $0.0.jail($0.1.reference) }
        checks.review(.policy, "policies.signers", both(all, policy)) { $0.0.policySigners($0.1.roles) }
        checks.review(.policy, "policies", both(all, policy)) { $0.0.policies($0.1.minPolicyVersions) }
    }

    private static func outputs(_ input: VerifyInput, _ parts: VerifiedParts, _ checks: inout CheckList) {
        checks.review(.outputs, "outputs.released", both(parts.statement, parts.report)) {
            OutputChecks.released($0.0, $0.1)
        }
        if input.results.isEmpty && !input.options.allOutputs {
            checks.leaveOut(.outputs, "outputs.files", "no result file was given")
        } else {
            checks.review(.outputs, "outputs.files", parts.report) {
                OutputChecks.files(input.results, $0, complete: input.options.allOutputs)
            }
        }
        if parts.report?.outputs.disclosure == nil, input.evidence[EvidenceFiles.disclosure] == nil,
            input.evidence[EvidenceFiles.signedDisclosure] == nil
        {
            return checks.leaveOut(.outputs, "outputs.disclosure", "nothing was decided about outputs")
        }
        _ = checks.run(.outputs, "outputs.disclosure", parts.report) { report throws(GloveboxError) in
            try OutputChecks.disclosure(input.file(EvidenceFiles.disclosure), report)
        }
        _ = checks.run(.outputs, "outputs.disclosure-signature", both(parts.report, parts.certificates)) {
            all throws(GloveboxError) in
            let leaf = try ParsedCertificate(pem: input.file(EvidenceFiles.disclosureLeaf))
            let (report, chain) = all
            try OutputChecks.signedDisclosure(
                input.file(EvidenceFiles.signedDisclosure),
                report,
                CertificateChecks(leaf: leaf, platform: chain.platform, root: chain.root, trust: chain.trust)
            )
        }
    }

    /// Two values, when both are there.
    static func both<First, Second>(_ first: First?, _ second: Second?) -> (First, Second)? {
        first.flatMap { first in second.map { (first, $0) } }
    }
}

/// Where and when the log took the report.
struct LoggedAt {
    let time: Instant
    let index: UInt64
    let size: UInt64
}
