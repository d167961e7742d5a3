internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables

/// Answers the query of a plan: what the job wrote plays no part.
struct QueryDecision {
    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    let data: PlanData
    /// The broker's name for what the run was granted.
    let request: Digest

    func decide(rows: any RowSource, lineageKey: [UInt8]) throws(GloveboxError) -> OutputDecision.Outcome {
        let query = try site.specs(of: entry.manifest).query(policy)
        let answer = PaidAnswer(
            site: site,
            entry: entry,
            policy: policy,
            data: data,
            question: try query.question()
        )
        // One job is decided at a time, so nothing is spent between the check and the charge.
        if let refusal = try answer.refusal() { return try answer.refused(refusal) }
        let before = answer.spent
        if let known = try answer.known() { return try answer.released(known, charged: nil, spentBefore: before) }
        let charged = try answer.pay(under: request)
        let engine = QueryEngine(query, policy: policy, inputPolicy: data.inputPolicy)
        let bytes = try engine.answer(
            over: rows,
            key: LineageKey(lineageKey),
            scratch: site.scratch,
            random: SystemRandom(),
            capabilities: Site.queryCapabilities
        )
        return try answer.released(bytes, charged: charged, spentBefore: before)
    }
}

extension DPQuery {
    /// The query as the ledger sees it.
    ///
    /// - Throws: `privacy.*`.
    func question() throws(GloveboxError) -> PaidAnswer.Question {
        PaidAnswer.Question(digest: digest, cost: try cost(), selectionDelta: selection?.delta ?? .zero)
    }
}
