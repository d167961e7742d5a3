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

/// A charge for noise that is on record.
struct Payment: Sendable, Hashable {
    /// Log index of the charge.
    let index: UInt64
    /// What was spent before it, of the ledger that had least left.
    let before: Rho
}

/// A noisy answer that a ledger pays for, once: what it costs, and what record and report say of that.
///
/// The charge is in the broker's ledger and in the log before a row is read for the answer, and the answer is kept before it is
/// approved. A crash in between leaves the charge, under which the job's next check makes the answer; a crash after it leaves an
/// answer that the same question gets for nothing.
struct PaidAnswer {
    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    /// Whose ledgers pay.
    var data: PlanData
    let question: Question

    /// What is asked, as the ledger sees it.
    struct Question: Hashable, Sendable {
        /// SHA-256 of everything that makes it this question and no other, beside dataset and policy.
        let digest: Digest
        let cost: Rho
        /// What selecting group keys may fail with.
        var selectionDelta: ExactDecimal = .zero
        /// The number of a round of federated training; nil for everything else.
        var round: Int64?
    }

    private var charge: PrivacyLedger.Charge {
        site.charge(for: question, policy, data, project: entry.manifest.project)
    }

    /// What is spent so far of the ledger that has least left.
    var spent: Rho { spent(site.read { state in state.ledger }) }

    private func spent(_ ledger: PrivacyLedger) -> Rho {
        data.lineages.map { ledger.spent(lineage: $0) }.max() ?? .zero
    }

    /// What the job paid before, perhaps under an earlier supervisor; nil when it did not.
    var payment: Payment? { site.read { state in state.jobs[entry.job.id]?.payment } }

    /// Why there is neither an answer nor room for its charge; nil when there is.
    func refusal() throws(GloveboxError) -> GloveboxError? {
        do { try site.requireRoom(for: charge, policy) } catch  where error.code == "budget.exhausted" { return error }
        return nil
    }

    /// The answer, when the question was paid for before.
    func known() throws(GloveboxError) -> [UInt8]? {
        let key = charge.key
        guard policy.privacy.budget?.cachesIdentical == true,
            let known = site.read({ state in state.ledger.answer(to: key) })
        else { return nil }
        return try site.blobs.get(known)
    }

    /// Charges for the answer, under the broker's name for what the run was granted; a job pays once.
    ///
    /// - Throws: `budget.exhausted`, `kbs.*`, `log.*`.
    func pay(under request: Digest) throws(GloveboxError) -> Payment {
        if let payment { return payment }
        let charge = charge
        let ledger = try KeyDoor.charge(site, charge, under: request, rules: entry.rules)
        try site.record(
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
        guard let payment else { throw GloveboxError("internal", "the charge is on record and not in the state") }
        return payment
    }

    /// The noise that a payment is for.
    ///
    /// - Throws: `privacy.unpaid`, `log.*`.
    func noise(for payment: Payment) throws(GloveboxError) -> PaidNoise {
        try PaidNoise(payment, of: entry.job.id, at: site)
    }

    /// The decision to release an answer; `payment` is nil for one that another job paid for.
    func released(
        _ bytes: [UInt8],
        for payment: Payment?,
        findings: [Finding] = []
    ) throws(GloveboxError) -> OutputDecision.Outcome {
        guard let file = policy.outputs.first(where: { !$0.type.isSpec }), bytes.count <= file.maxBytes else {
            throw GloveboxError("output.too-large", "the answer is larger than the policy's output may be")
        }
        let found = [Finding("budget", .pass)] + findings
        let decision = Decision.answered(file.name, bytes, spec: question.digest, found)
        var outcome = try outcome(decision, isCharged: payment != nil)
        outcome.approval = ["answer": ["bytes": try site.blobs.put(bytes).json, "key": charge.key.json]]
        outcome.privacy = try cost(payment, laws: Self.laws(file, bytes))
        return outcome
    }

    /// The decision that nothing leaves although it was paid for: what the job left is not what it had to be.
    func withheld(_ finding: Finding, for payment: Payment) throws(GloveboxError) -> OutputDecision.Outcome {
        var outcome = try outcome(.spoiled(spec: question.digest, finding), isCharged: true)
        outcome.privacy = try cost(payment, laws: [])
        return outcome
    }

    /// The distributions that the numbers of an answer have noise of.
    private static func laws(_ file: DeclaredOutput, _ answer: [UInt8]) throws(GloveboxError) -> [String] {
        guard file.type == .json else { return [Mechanism.Noise.discreteGaussian.rawValue] }
        var laws: [String] = []
        for noise in try JSONReader.read(answer)["noise"]?.array ?? [] {
            if let law = noise["law"]?.string, !laws.contains(law) { laws.append(law) }
        }
        return laws
    }

    /// The decision that there is no answer, since the ledger has no room.
    func refused(_ error: GloveboxError) throws(GloveboxError) -> OutputDecision.Outcome {
        let finding = Finding("budget", .fail, detail: error.message)
        return try outcome(.unaffordable(spec: question.digest, finding), isCharged: false)
    }

    /// What the report says of the cost; an answer that was paid for before costs nothing.
    private func cost(_ payment: Payment?, laws: [String]) throws(GloveboxError) -> Report.Privacy {
        guard let limit = (policy.privacy.budget?.datasetRho).flatMap({ Rho($0) }) else {
            throw GloveboxError("policy.not-enforced", "the policy has no budget")
        }
        let rho = payment == nil ? Rho.zero : question.cost
        let before = payment?.before ?? spent
        let after = try before.adding(rho)
        func left(_ spent: Rho) -> Rho { Rho(units: limit > spent ? limit.units - spent.units : 0) }
        let delta = policy.privacy.budget?.delta
        return Report.Privacy(
            mechanism: laws.joined(separator: ","),
            rho: rho.text,
            epsilon: delta.map { PrivacyLoss.epsilonText(rho, delta: $0) } ?? "unbounded",
            delta: delta?.text ?? "0",
            ledgerIndex: payment?.index,
            budgetBefore: left(before).text,
            budgetAfter: left(after).text
        )
    }

    private func outcome(_ decision: Decision, isCharged: Bool) throws(GloveboxError) -> OutputDecision.Outcome {
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
            privacy: privacy(isCached: released != nil && !isCharged, isCharged: isCharged),
            tools: tools,
            context
        )
        return OutputDecision.Outcome(
            decision: decision,
            released: released,
            reason: released != nil ? "" : isCharged ? "output.not-released" : "budget.exhausted",
            explanation: decision.findings.map(\.detail).joined(separator: "; "),
            record: record
        )
    }

    // An update is the job's own file, read and written anew; an answer is the supervisor's.
    private var tools: [(kind: String, id: String)] {
        let isUpdate = policy.outputs.contains { $0.type == .safetensors }
        return (isUpdate ? [("parser", "safetensors"), ("encoder", "safetensors")] : [("encoder", "json")])
            + [("sampler", "canonne-kamath-steinke"), ("check", "privacy-ledger")]
    }

    /// What the record says of the cost; an answer that was paid for before costs nothing.
    private func privacy(isCached: Bool, isCharged: Bool) -> JSONValue {
        let cost = question.cost
        let (ledger, size) = (site.read { state in state.ledger }, site.log.size)
        let delta = policy.privacy.budget?.delta
        return [
            "mechanism": policy.document.canonical["mechanism"] ?? .null, "cached": .bool(isCached),
            "rho": .string(cost.text), "charged": .string(isCharged ? cost.text : "0"),
            "selection_delta": .string(question.selectionDelta.text),
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
