internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables
internal import GloveboxTransparency

extension Site {
    /// A plan whose program has no time for its blocks, or cannot be paid for, is refused before anyone is asked.
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
        let cost = try BlockAggregate(policy).cost()
        let question = PaidAnswer.Question(program: plan, data.first, cost: cost)
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
            ),
            round: question.round
        )
    }

    /// Checks that an answer is there or can be paid for.
    ///
    /// - Throws: `budget.exhausted`.
    func requireRoom(for charge: PrivacyLedger.Charge, _ policy: OutputPolicy) throws(GloveboxError) {
        let ledger = read { state in state.ledger }
        if policy.privacy.budget?.cachesIdentical == true, ledger.answer(to: charge.key) != nil { return }
        try ledger.check(charge, under: policy)
        try requireRoom(for: charge, in: ledger)
    }
}

extension SiteState {
    /// Adds a logged charge, or the answer it paid for, to the ledger.
    mutating func addSpending(_ record: SiteRecord) throws(GloveboxError) {
        if let json = record.json["charge"] {
            var charge = try PrivacyLedger.Charge(json: json)
            // Beside the charge is where earlier versions wrote it.
            charge.round = charge.round ?? record.json["round"]?.integer
            let before = ([charge.lineage] + charge.joined).map { ledger.spent(lineage: $0) }.max() ?? .zero
            if let job = record.job { jobs[job]?.payment = Payment(index: record.index, before: before) }
            try ledger.apply(charge)
        }
        guard let answer = record.json["answer"] else { return }
        var fields = try JSONFields(answer, at: "answer")
        ledger.note(answer: try fields.digest("bytes"), to: try fields.digest("key"))
    }
}
