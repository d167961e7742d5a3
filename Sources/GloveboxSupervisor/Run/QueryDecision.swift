internal import GloveboxAttestation
internal import GloveboxBroker
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
/// The charge is in the broker's ledger and in the log before a row is read for the answer, and the answer is kept before it is approved. A crash in
/// between leaves the charge; a crash after it leaves an answer that the same query gets for nothing.
struct QueryDecision {
    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    let data: PlanData
    /// The broker's name for what the run was granted.
    let request: Digest

    func decide(table: DatasetTable, lineageKey: [UInt8]) throws(GloveboxError) -> OutputDecision.Outcome {
        let query = try site.query(entry.manifest.core.code.nar)
        let charge = try site.charge(for: query, policy, data, project: entry.manifest.project)
        // One job is decided at a time, so nothing is spent between the check and the charge.
        do { try site.requireRoom(for: charge, policy) } catch  where error.code == "budget.exhausted" {
            let finding = Finding("budget", .fail, detail: error.message)
            return try outcome(.unaffordable(spec: query.digest, finding), query, isCached: false, nil)
        }
        let before = spent(site.read { state in state.ledger })
        let (bytes, charged) = try answer(query, charge, table, lineageKey)
        let isCached = charged == nil
        guard let file = policy.outputs.first(where: { $0.type == .json }), bytes.count <= file.maxBytes else {
            throw GloveboxError("output.too-large", "the answer is larger than the policy's output may be")
        }
        let decision = Decision.answered(file.name, bytes, spec: query.digest, [Finding("budget", .pass)])
        var outcome = try outcome(decision, query, isCached: isCached, charge.key)
        outcome.privacy = try cost(query, charged, spentBefore: before, answer: bytes)
        return outcome
    }

    /// What is spent of the ledger that has least left.
    private func spent(_ ledger: PrivacyLedger) -> Rho {
        data.lineages.map { ledger.spent(lineage: $0) }.max() ?? .zero
    }

    /// What the report says of the cost; an answer that was paid for before costs nothing.
    private func cost(
        _ query: DPQuery,
        _ charged: UInt64?,
        spentBefore: Rho,
        answer: [UInt8]
    ) throws(GloveboxError) -> Report.Privacy {
        guard let limit = (policy.privacy.budget?.datasetRho).flatMap({ Rho($0) }) else {
            throw GloveboxError("policy.not-enforced", "the policy has no budget")
        }
        let rho = charged == nil ? Rho.zero : query.rho
        let spent = try spentBefore.adding(rho)
        func left(_ spent: Rho) -> Rho { Rho(units: limit > spent ? limit.units - spent.units : 0) }
        var laws: [String] = []
        for noise in try JSONReader.read(answer)["noise"]?.array ?? [] {
            if let law = noise["law"]?.string, !laws.contains(law) { laws.append(law) }
        }
        let delta = policy.privacy.budget?.delta
        return Report.Privacy(
            mechanism: laws.joined(separator: ","),
            rho: rho.text,
            epsilon: delta.map { PrivacyLoss.epsilonText(rho, delta: $0) } ?? "unbounded",
            delta: delta?.text ?? "0",
            ledgerIndex: charged,
            budgetBefore: left(spentBefore).text,
            budgetAfter: left(spent).text
        )
    }

    /// The answer, and the log index of its charge; nil for one that was paid for before.
    private func answer(
        _ query: DPQuery,
        _ charge: PrivacyLedger.Charge,
        _ table: DatasetTable,
        _ lineageKey: [UInt8]
    ) throws(GloveboxError) -> (bytes: [UInt8], charged: UInt64?) {
        if policy.privacy.budget?.cachesIdentical == true,
            let known = site.read({ state in state.ledger.answer(to: charge.key) })
        {
            return (try site.blobs.get(known), nil)
        }
        let ledger = try KeyDoor.charge(site, charge, under: request, rules: entry.rules)
        let index = try site.record(
            Event(
                kind: .budgetSpent,
                job: entry.job.id,
                project: entry.manifest.project,
                dataset: data.first.name,
                fields: [("budget", "privacy"), ("amount", .string(charge.rho.text))]
            ),
            ["charge": charge.json, "brokerLedger": ledger.json]
        )
        site.broker.note(ledger)
        let engine = QueryEngine(query, policy: policy, inputPolicy: data.inputPolicy)
        let bytes = try engine.answer(
            over: table,
            key: LineageKey(lineageKey),
            random: SystemRandom(),
            capabilities: Site.queryCapabilities
        )
        return (bytes, index)
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
            data,
            site: site,
            bundle: released,
            projectMillibits: site.read { state in state.millibits(of: entry.manifest.project) } + decision.millibits
        )
        let record = DisclosureRecord(
            .init(policy: policy, inputPolicy: data.inputPolicy, lineage: data.first.lineage),
            decision,
            privacy: try privacy(query, isCached: isCached, isCharged: released != nil && !isCached),
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
    private func privacy(
        _ query: DPQuery,
        isCached: Bool,
        isCharged: Bool
    ) throws(GloveboxError) -> JSONValue {
        let cost = try query.cost()
        let (ledger, size) = (site.read { state in state.ledger }, site.log.size)
        let delta = policy.privacy.budget?.delta
        return [
            "mechanism": policy.document.canonical["mechanism"] ?? .null, "cached": .bool(isCached),
            "rho": .string(cost.text), "charged": .string(isCharged ? cost.text : "0"),
            "selection_delta": .string(query.selection?.delta.text ?? "0"),
            "delta": .string(delta?.text ?? "0"),
            "epsilon_at_delta": .string(delta.map { PrivacyLoss.epsilonText(cost, delta: $0) } ?? "unbounded"),
            "ledger": [
                "charges": .integer(Int64(ledger.count)),
                "dataset_rho": .string(spent(ledger).text),
                "head": .integer(Int64(clamping: size)),
            ],
        ]
    }
}
