internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables

/// Decides on the update of a round of federated training: clipped, with noise, and paid for whatever the job left.
struct RoundDecision {
    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    let data: PlanData
    /// The broker's name for what the run was granted.
    let request: Digest

    func decide(_ outputs: OutputCollector.Outputs) throws(GloveboxError) -> OutputDecision.Outcome {
        let spec = try site.round(entry.manifest.core.code.nar)
        let mechanism = try spec.check(policy: policy, dataset: data.first.name, capabilities: Site.roundCapabilities)
        let answer = PaidAnswer(
            site: site,
            entry: entry,
            policy: policy,
            data: data,
            question: PaidAnswer.Question(round: spec, of: entry.manifest, cost: mechanism.rho)
        )
        let before = answer.spent
        if let known = try answer.known() { return try answer.released(known, charged: nil, spentBefore: before) }
        // One job is decided at a time, so nothing is spent between the check and the charge.
        if let refusal = try answer.refusal() { return try answer.refused(refusal) }
        // Before the file is looked at: what the job left must not decide what is charged.
        let charged = try answer.pay(under: request)
        switch try update(spec, outputs, mechanism) {
        case .success(let update):
            return try answer.released(SafetensorsWriter.write(update, .f32), charged: charged, spentBefore: before)
        case .failure(let fault):
            return try answer.withheld(fault.finding, charged: charged, spentBefore: before)
        }
    }

    /// Why there is nothing to make an update of.
    private struct Fault: Error {
        let finding: Finding
        init(_ check: String, _ detail: String) { finding = Finding(check, .fail, detail: detail) }
    }

    private func update(
        _ spec: RoundSpec,
        _ outputs: OutputCollector.Outputs,
        _ mechanism: UpdateMechanism
    ) throws(GloveboxError) -> Result<CheckedModel, Fault> {
        guard outputs.faults.isEmpty, let file = outputs.files.first(where: { $0.name == spec.output }),
            let declared = policy.output(named: spec.output)
        else { return .failure(Fault("missing-output", outputs.faults.first ?? "the job left no \(spec.output)")) }
        let door = CheckerDoor(jails: site.jails)
        guard let parsed = try door.parse(file.bytes, as: .model, maxBytes: declared.maxBytes) else {
            return .failure(Fault("parser", "the checker gave no tensors"))
        }
        switch parsed {
        case .model(let model):
            guard !model.hasHalves else { return .failure(Fault("parser", FileFault.type.message)) }
            guard spec.fits(model) else {
                return .failure(Fault("mismatch", "the tensors have other names or shapes than the round spec says"))
            }
            guard let update = try mechanism.release(model, random: SystemRandom()) else {
                return .failure(Fault("parser", "a number has a magnitude of 2^40 steps of the lattice or more"))
            }
            return .success(update)
        case .refused(let fault): return .failure(Fault("parser", fault.message))
        case .figure, .vector: return .failure(Fault("parser", "the checker gave no tensors"))
        }
    }
}

extension PaidAnswer.Question {
    /// A round as the ledger sees it: the spec, and all that makes the update what it is.
    init(round spec: RoundSpec, of plan: Manifest, cost: Rho) {
        digest = Machine.sha256(Array("glovebox/round/v1\n".utf8) + spec.digest.bytes + plan.coreDigest.bytes)
        self.cost = cost
        round = spec.round
    }
}

extension RoundSpec {
    /// Whether an update has these tensors and no others.
    func fits(_ update: CheckedModel) -> Bool {
        update.tensors.count == tensors.count
            && tensors.allSatisfy { update.tensor(named: $0.name)?.shape == $0.shape }
    }
}

extension OutputPolicy {
    /// Whether what leaves is the update of a round of federated training.
    var isOfRounds: Bool { tier == .computed && outputs.contains { $0.type == .safetensors } }
}

extension Site {
    /// What this version enforces for rounds of federated training.
    static let roundCapabilities = RoundSpec.capabilities.union(channels)

    /// The round that stands in a code tree.
    func round(_ nar: Digest) throws(GloveboxError) -> RoundSpec {
        try RoundSpec(bytes: file(RoundSpec.fileName, of: nar))
    }

    /// A plan whose round can never be released is refused before anyone is asked.
    func checkRound(
        _ code: RegisteredCode,
        _ policy: OutputPolicy,
        _ dataset: RegisteredDataset
    ) throws(GloveboxError) {
        try code.require(RoundSpec.fileName, under: policy)
        try round(code.digests.nar)
            .check(policy: policy, dataset: dataset.name, capabilities: Self.roundCapabilities)
    }

    /// So is one whose round was not paid for and cannot be.
    func checkRoom(forRoundOf plan: Manifest, _ policy: OutputPolicy, _ data: PlanData) throws(GloveboxError) {
        guard policy.isOfRounds else { return }
        let spec = try round(plan.core.code.nar)
        let question = PaidAnswer.Question(round: spec, of: plan, cost: try UpdateMechanism(policy).rho)
        try requireRoom(for: charge(for: question, policy, data, project: plan.project), policy)
    }
}
