internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
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
        try code.require(DPQuery.fileName, under: policy)
        let query = try query(code.digests.nar)
        try query.check(
            policy: policy,
            description: data.description,
            inputPolicy: data.inputPolicy,
            capabilities: Self.queryCapabilities
        )
        try requireRoom(for: charge(for: query.question(), policy, data, project: project), policy)
    }

    /// A plan whose program can never be run over blocks, or paid for, is refused before anyone is asked.
    func checkProgram(
        _ plan: Manifest,
        _ policy: OutputPolicy,
        _ data: PlanData,
        project: String
    ) throws(GloveboxError) {
        guard let blocks = policy.privacy.blocks else { return }
        let limits = plan.core.limits
        guard limits.wallSeconds >= blocks.runSeconds else {
            throw GloveboxError(
                "limit.exceeded",
                "\(blocks.count) blocks of \(blocks.wallLimit) s take \(blocks.runSeconds) s, the plan asks for "
                    + "\(limits.wallSeconds) s",
                hint: "Leave the wall limit out, and the plan asks for what the policy's blocks take."
            )
        }
        let (aggregate, dataset) = (try BlockAggregate(policy), data.first)
        try aggregate.check(
            description: dataset.description,
            inputPolicy: dataset.inputPolicy,
            capabilities: Self.programCapabilities
        )
        let answer = try aggregate.longestAnswer(dataset: dataset.name)
        guard let output = policy.outputs.first, answer.count <= output.maxBytes else {
            throw GloveboxError(
                "output.too-large",
                "an answer may have \(answer.count) bytes, more than the policy's output"
            )
        }
        _ = try ReleaseBundle([Decision.File(output.name, answer)], pad: policy.channels.pad)
        let question = try PaidAnswer.Question(program: plan, dataset, cost: aggregate.cost())
        try requireRoom(for: charge(for: question, policy, data, project: project), policy)
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
        try requireRoom(for: charge, in: ledger)
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
