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
        if let known = try answer.known() { return try answer.released(known, for: answer.payment) }
        // One job is decided at a time, so nothing is spent between the check and the charge.
        if answer.payment == nil, let refusal = try answer.refusal() { return try answer.refused(refusal) }
        let payment = try answer.pay(under: request)
        let engine = QueryEngine(query, policy: policy, inputPolicy: data.inputPolicy)
        let bytes = try engine.answer(
            over: rows,
            key: LineageKey(lineageKey),
            scratch: site.scratch,
            random: answer.noise(for: payment),
            capabilities: Site.queryCapabilities
        )
        return try answer.released(bytes, for: payment)
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
