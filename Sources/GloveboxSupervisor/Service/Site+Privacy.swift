internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables
internal import GloveboxTransparency

extension Site {
    /// The query that stands in a code tree.
    func query(_ nar: Digest) throws(GloveboxError) -> DPQuery { try DPQuery(bytes: file(DPQuery.fileName, of: nar)) }

    /// A plan whose query can never be answered, or paid for, is refused before anyone is asked.
    func checkQuery(
        _ code: RegisteredCode,
        _ policy: OutputPolicy,
        _ data: PlanData,
        project: String
    ) throws(GloveboxError) {
        guard code.files.contains(where: { $0.path == DPQuery.fileName }) else {
            throw GloveboxError(
                "spec.missing",
                "policy \(policy.document.name) needs the file \(DPQuery.fileName) in the code tree"
            )
        }
        let query = try query(code.digests.nar)
        try query.check(
            policy: policy,
            description: data.description,
            inputPolicy: data.inputPolicy,
            capabilities: Self.queryCapabilities
        )
        let charge = try charge(for: query, policy, data, project: project)
        try requireRoom(for: charge, policy)
    }

    /// What an answer costs.
    func charge(
        for query: DPQuery,
        _ policy: OutputPolicy,
        _ data: PlanData,
        project: String
    ) throws(GloveboxError) -> PrivacyLedger.Charge {
        PrivacyLedger.Charge(
            lineage: data.first.lineage,
            joined: Array(data.lineages.dropFirst()),
            project: project,
            rho: try query.cost(),
            selectionDelta: UInt64(clamping: query.selection?.delta.scaled(decimals: 18) ?? 0),
            key: PrivacyLedger.key(
                query: query.digest,
                dataset: data.commitment,
                policy: policy.document.digest
            )
        )
    }

    /// Checks that an answer is there or can be paid for.
    ///
    /// - Throws: `budget.exhausted`.
    func requireRoom(for charge: PrivacyLedger.Charge, _ policy: OutputPolicy) throws(GloveboxError) {
        guard let budget = policy.privacy.budget else {
            throw GloveboxError("policy.not-enforced", "the policy has no budget")
        }
        let ledger = read { state in state.ledger }
        if budget.cachesIdentical, ledger.answer(to: charge.key) != nil { return }
        try ledger.check(charge, budget: budget)
    }
}

extension SiteState {
    /// Adds a logged charge, or the answer it paid for, to the ledger.
    mutating func addSpending(_ record: SiteRecord) throws(GloveboxError) {
        if let charge = record.json["charge"] { try ledger.apply(PrivacyLedger.Charge(json: charge)) }
        guard let answer = record.json["answer"] else { return }
        var fields = try JSONFields(answer, at: "answer")
        ledger.note(answer: try fields.digest("bytes"), to: try fields.digest("key"))
    }
}
