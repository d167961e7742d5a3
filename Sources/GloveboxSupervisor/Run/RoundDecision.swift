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
        let spec = try site.specs(of: entry.manifest).round(policy)
        let mechanism = try spec.check(policy: policy, dataset: data.first.name, capabilities: Site.roundCapabilities)
        let answer = PaidAnswer(
            site: site,
            entry: entry,
            policy: policy,
            data: data,
            question: PaidAnswer.Question(round: spec, of: entry.manifest, cost: mechanism.rho)
        )
        if let known = try answer.known() { return try answer.released(known, for: answer.payment) }
        // One job is decided at a time, so nothing is spent between the check and the charge.
        if answer.payment == nil, let refusal = try answer.refusal() { return try answer.refused(refusal) }
        // Before the file is looked at: what the job left must not decide what is charged.
        let payment = try answer.pay(under: request)
        let noise = try answer.noise(for: payment)
        let update = try OutputJudge(policy: policy, jails: site.jails).update(outputs, spec) {
            (claimed) throws(GloveboxError) in try mechanism.release(claimed, random: noise)
        }
        switch update {
        case .success(let update):
            return try answer.released(SafetensorsWriter.write(update, .f32), for: payment)
        case .failure(let fault):
            return try answer.withheld(fault.finding, for: payment)
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

extension OutputPolicy {
    /// Whether what leaves is the update of a round of federated training.
    var isOfRounds: Bool { tier == .computed && outputs.contains { $0.type == .safetensors } }
}

extension Site {
    /// What this version enforces for rounds of federated training.
    static let roundCapabilities = RoundSpec.capabilities.union(channels)

    /// A plan whose round was not paid for and cannot be is refused before anyone is asked.
    func checkRoom(forRoundOf plan: Manifest, _ policy: OutputPolicy, _ data: PlanData) throws(GloveboxError) {
        guard policy.isOfRounds else { return }
        let spec = try specs(of: plan).round(policy)
        let question = PaidAnswer.Question(round: spec, of: plan, cost: try UpdateMechanism(policy).rho)
        try requireRoom(for: charge(for: question, policy, data, project: plan.project), policy)
    }
}
