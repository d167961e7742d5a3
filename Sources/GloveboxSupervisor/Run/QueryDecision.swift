internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxStore
internal import GloveboxTables
internal import GloveboxTransparency

/// Answers the query of a plan: what the job wrote plays no part.
///
/// The charge is in the log before a row is read for the answer, and the answer is kept before it is approved. A crash in
/// between leaves the charge; a crash after it leaves an answer that the same query gets for nothing.
struct QueryDecision {
    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    let dataset: RegisteredDataset

    func decide(table: DatasetTable, lineageKey: [UInt8]) throws(GloveboxError) -> OutputDecision.Outcome {
        let query = try site.query(entry.manifest.core.code.nar)
        let charge = site.charge(for: query, policy, dataset, project: entry.manifest.project)
        // One job is decided at a time, so nothing is spent between the check and the charge.
        do { try site.requireRoom(for: charge, policy) } catch  where error.code == "budget.exhausted" {
            let finding = Finding("budget", .fail, detail: error.message)
            return try outcome(.unaffordable(spec: query.digest, finding), query, isCached: false, nil)
        }
        let (bytes, isCached) = try answer(query, charge, table, lineageKey)
        guard let file = policy.outputs.first(where: { $0.type == .json }), bytes.count <= file.maxBytes else {
            throw GloveboxError("output.too-large", "the answer is larger than the policy's output may be")
        }
        let decision = Decision.answered(file.name, bytes, spec: query.digest, [Finding("budget", .pass)])
        return try outcome(decision, query, isCached: isCached, charge.key)
    }

    private func answer(
        _ query: DPQuery,
        _ charge: PrivacyLedger.Charge,
        _ table: DatasetTable,
        _ lineageKey: [UInt8]
    ) throws(GloveboxError) -> (bytes: [UInt8], isCached: Bool) {
        if policy.privacy.budget?.cachesIdentical == true,
            let known = site.read({ state in state.ledger.answer(to: charge.key) })
        {
            return (try site.blobs.get(known), true)
        }
        try site.record(
            Event(
                kind: .budgetSpent,
                job: entry.job.id,
                project: entry.manifest.project,
                dataset: dataset.name,
                fields: [("budget", "privacy"), ("amount", .string(charge.rho.text))]
            ),
            ["charge": charge.json]
        )
        let engine = QueryEngine(query, policy: policy, inputPolicy: dataset.inputPolicy)
        let bytes = try engine.answer(
            over: table,
            key: LineageKey(lineageKey),
            random: SystemRandom(),
            capabilities: Site.queryCapabilities
        )
        return (bytes, false)
    }

    private func outcome(
        _ decision: Decision,
        _ query: DPQuery,
        isCached: Bool,
        _ key: Digest?
    ) throws(GloveboxError) -> OutputDecision.Outcome {
        let released = decision.files.isEmpty ? nil : try ReleaseBundle(decision.files, pad: policy.channels.pad).bytes
        let context = DisclosureRecord.Context(
            entry,
            dataset,
            site: site,
            bundle: released,
            projectMillibits: site.read { state in state.millibits(of: entry.manifest.project) } + decision.millibits
        )
        let record = DisclosureRecord(
            .init(policy: policy, inputPolicy: dataset.inputPolicy, lineage: dataset.lineage),
            decision,
            privacy: privacy(query, isCached: isCached, isCharged: released != nil && !isCached),
            context
        )
        var approval = JSONValue.null
        if let key, let file = decision.files.first {
            approval = ["answer": ["bytes": try site.blobs.put(file.bytes).json, "key": key.json]]
        }
        return OutputDecision.Outcome(
            decision: decision,
            released: released,
            reason: released == nil ? "budget.exhausted" : "",
            explanation: decision.findings.map(\.detail).joined(separator: "; "),
            record: record,
            approval: approval
        )
    }

    /// What the record says of the cost; an answer that was paid for before costs nothing.
    private func privacy(_ query: DPQuery, isCached: Bool, isCharged: Bool) -> JSONValue {
        let (ledger, size) = (site.read { state in state.ledger }, site.log.size)
        let delta = policy.privacy.budget?.delta
        return [
            "mechanism": policy.document.canonical["mechanism"] ?? .null, "cached": .bool(isCached),
            "rho": .string(query.rho.text), "charged": .string(isCharged ? query.rho.text : "0"),
            "delta": .string(delta?.text ?? "0"),
            "epsilon_at_delta": .string(delta.map { PrivacyLoss.epsilonText(query.rho, delta: $0) } ?? "unbounded"),
            "ledger": [
                "charges": .integer(Int64(ledger.count)),
                "dataset_rho": .string(ledger.spent(lineage: dataset.lineage).text),
                "head": .integer(Int64(clamping: size)),
            ],
        ]
    }
}
