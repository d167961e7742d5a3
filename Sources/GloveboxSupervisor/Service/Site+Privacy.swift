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
        try requireRoom(for: charge(for: query.question(), policy, data, project: project), policy)
    }

    /// The charge for an answer.
    func charge(
        for question: PaidAnswer.Question,
        _ policy: OutputPolicy,
        _ data: PlanData,
        project: String
    ) -> PrivacyLedger.Charge {
        PrivacyLedger.Charge(
            lineage: data.first.lineage,
            joined: Array(data.lineages.dropFirst()),
            project: project,
            rho: question.cost,
            selectionDelta: UInt64(clamping: question.selectionDelta.scaled(decimals: 18) ?? 0),
            key: PrivacyLedger.key(
                query: question.digest,
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
    /// How many rounds of federated training a project has paid for on a dataset's lineage.
    func rounds(of project: String, on lineage: String) -> Int64 { rounds[project]?[lineage] ?? 0 }

    /// Adds a logged charge, or the answer it paid for, to the ledger.
    mutating func addSpending(_ record: SiteRecord) throws(GloveboxError) {
        if let json = record.json["charge"] {
            let charge = try PrivacyLedger.Charge(json: json)
            try ledger.apply(charge)
            if record.json["round"] != nil { rounds[charge.project, default: [:]][charge.lineage, default: 0] += 1 }
        }
        guard let answer = record.json["answer"] else { return }
        var fields = try JSONFields(answer, at: "answer")
        ledger.note(answer: try fields.digest("bytes"), to: try fields.digest("key"))
    }
}
