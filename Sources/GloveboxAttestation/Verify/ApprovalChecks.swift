internal import GloveboxCore

/// Who signed the plan and who approved it.
///
/// Source: attestation specification, sections 4.2 and 7; job backend specification, section 1.3.
struct ApprovalChecks {
    let report: Report
    let manifest: Manifest
    let trust: TrustStore
    /// When the run began: by the log, where it is shown to say so, else as the statement claims.
    var began: Instant

    /// Checks by the statement's own time, until the log's is known.
    init(report: Report, manifest: Manifest, trust: TrustStore) {
        self.report = report
        self.manifest = manifest
        self.trust = trust
        began = report.time.start
    }

    /// Runs every check of who signed the plan and who approved it.
    ///
    /// - Parameters:
    ///   - people: skipped are the checks where it is missing.
    ///   - approvals: those that the report names.
    ///   - envelope: the signed plan.
    ///   - file: the plan that it has to hold.
    ///   - votes: copies of decisions, nil where there are none to look at.
    ///   - checks: where the outcome of each goes.
    /// - Returns: the keys of the approvals that count.
    static func judge(
        _ people: ApprovalChecks?,
        _ approvals: [Report.ApprovalRecord],
        envelope: Envelope?,
        file: () throws(GloveboxError) -> [UInt8],
        votes: [[UInt8]]?,
        _ checks: inout CheckList
    ) -> [RoleKey] {
        let submitter = checks.run(.keys, "key.submitter", people, envelope) { people, envelope throws(GloveboxError) in
            try people.submitter(envelope, file: file())
        }
        var approvers: [RoleKey] = []
        for (index, record) in approvals.enumerated() {
            let key = checks.run(.policy, "approval.\(index + 1)", people) { people throws(GloveboxError) in
                try people.approval(record)
            }
            if let key { approvers.append(key) }
        }
        if let votes {
            _ = checks.run(.policy, "approval.withdrawn", people) { people throws(GloveboxError) in
                try people.notWithdrawn(votes)
            }
        }
        _ = checks.run(.policy, "approval.separation", people, submitter) { people, submitter throws(GloveboxError) in
            try people.separation(approvers, submitter: submitter)
        }
        // An approval that does not count has its own reason; that too few are left is none.
        let isWhole = approvers.count == approvals.count
        _ = checks.run(.policy, "approval.threshold", isWhole ? people : nil) { people throws(GloveboxError) in
            try people.threshold(approvers)
        }
        return approvers
    }

    /// The plan is signed by its submitter, or by the site for a delegated submission.
    ///
    /// - Throws: `approval.manifest`, `key.unknown`, `key.wrong-role`, `key.expired`, `key.revoked`.
    func submitter(_ envelope: Envelope, file: [UInt8]) throws(GloveboxError) -> RoleKey {
        guard envelope.payload == file else {
            throw GloveboxError("approval.manifest", "the signed plan is not manifest.json")
        }
        let delegated = report.submission == .delegated
        let key = try signer(
            of: envelope,
            roles: [delegated ? .site : .researcher],
            failure: "envelope.signature-invalid"
        )
        guard delegated || key.account.isSame(as: manifest.submitter) else {
            throw GloveboxError("key.wrong-role", "the plan is not signed by its submitter")
        }
        return key
    }

    /// One approval: signature, role, subject, decision, period and number of runs.
    ///
    /// - Throws: `approval.…`, `key.…`.
    func approval(_ record: Report.ApprovalRecord) throws(GloveboxError) -> RoleKey {
        let envelope = try Envelope(parsing: record.envelope)
        let approval = try Approval(parsing: envelope.payload)
        guard approval.manifestDigest == manifest.digest else {
            throw GloveboxError("approval.manifest", "an approval speaks about another plan")
        }
        let key = try signer(of: envelope, roles: [.reviewer, .owner], failure: "approval.signature")
        guard record.digest == envelope.payloadDigest, record.keyID == key.key.keyID, approval.keyID == key.key.keyID,
            approval.account.isSame(as: key.account), approval.role == key.role.rawValue, record.role == approval.role
        else { throw GloveboxError("approval.signature", "an approval's key, account or role is not its signer's") }
        guard approval.decision == .approve else {
            throw GloveboxError("approval.withdrawn", "a reviewer did not approve the plan")
        }
        guard approval.notBefore <= began, began < approval.notAfter else {
            throw GloveboxError("approval.expired", "the run started outside the period of an approval")
        }
        guard report.run >= 1, report.run <= approval.maxRuns else {
            throw GloveboxError("approval.reused", "an approval does not cover run \(report.run)")
        }
        return key
    }

    /// Nobody entitled to it refused the plan or took an approval back.
    ///
    /// The files are copies for people; each must be about this plan and properly signed.
    ///
    /// - Throws: `approval.withdrawn`, `approval.manifest`, `approval.signature`, `key.…`, codes of the strict reader.
    func notWithdrawn(_ files: [[UInt8]]) throws(GloveboxError) {
        for file in files {
            let envelope = try Envelope(parsing: file)
            let approval = try Approval(parsing: envelope.payload)
            guard approval.manifestDigest == manifest.digest else {
                throw GloveboxError("approval.manifest", "an approval file speaks about another plan")
            }
            _ = try signer(of: envelope, roles: [.reviewer, .owner], failure: "approval.signature")
            if approval.decision == .approve { continue }
            throw GloveboxError("approval.withdrawn", "a reviewer refused the plan or took an approval back")
        }
    }

    /// Researcher, reviewers and operators are different people.
    ///
    /// - Throws: `approval.separation`.
    func separation(_ approvers: [RoleKey], submitter: RoleKey) throws(GloveboxError) {
        let operators = trust.policy.roles.filter { $0.role == .operator }
        for approver in approvers
        where approver.key == submitter.key || approver.account.isSame(as: manifest.submitter)
            || operators.contains(where: { $0.key == approver.key || $0.account.isSame(as: approver.account) })
        {
            throw GloveboxError("approval.separation", "an approval comes from the submitter or from an operator")
        }
    }

    /// Enough distinct people approved.
    ///
    /// - Throws: `approval.threshold`.
    func threshold(_ approvers: [RoleKey]) throws(GloveboxError) {
        let keys = Set(approvers.map(\.key))
        let accounts = Set(approvers.map { Array($0.account.utf8) })
        let have = UInt64(min(keys.count, accounts.count))
        let isPrivate = manifest.inputs.contains { $0.kind == .real }
        let need = max(isPrivate ? trust.policy.approvalThreshold : 0, report.approvalQuorum.need)
        guard have >= need, have == report.approvalQuorum.have else {
            throw GloveboxError(
                "approval.threshold",
                "\(have) of \(need) approvals, the report says \(report.approvalQuorum.have)"
            )
        }
    }

    /// The enrolled key that signed an envelope; the key id is only a hint to the reason of a failure.
    ///
    /// - Throws: `failure`, `key.unknown`, `key.wrong-role`, `key.expired`, `key.revoked`.
    func signer(
        of envelope: Envelope,
        roles: [RoleKey.Role],
        failure: String
    ) throws(GloveboxError) -> RoleKey {
        let enrolled = trust.policy.roles
        let signers = enrolled.filter { $0.key.isSigner(of: envelope) }
        guard !signers.isEmpty else {
            let known = enrolled.contains { $0.key.keyID == envelope.keyID }
            throw known
                ? GloveboxError(failure, "a signature does not belong to its key")
                : GloveboxError("key.unknown", "a signature is by a key that the trust policy does not list")
        }
        let entitled = signers.filter { roles.contains($0.role) }
        guard !entitled.isEmpty else {
            throw GloveboxError("key.wrong-role", "a key signed something that its role may not sign")
        }
        guard let key = entitled.first(where: { $0.isValid(at: began) }) else {
            throw GloveboxError("key.expired", "a key was not enrolled when the run started")
        }
        if let id = Digest(hex: key.key.keyID), let from = trust.revocation(of: id), from <= began {
            throw GloveboxError("key.revoked", "a key was revoked before the run started")
        }
        return key
    }
}
