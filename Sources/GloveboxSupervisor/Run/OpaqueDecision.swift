internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxPolicy

/// Decides whether a file that cannot be recomputed may go to the reviewers.
struct OpaqueDecision {
    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    let data: PlanData

    func decide(
        _ outputs: OutputCollector.Outputs,
        table: DatasetTable,
        holdout: Holdout
    ) throws(GloveboxError) -> OutputDecision.Outcome {
        let project = entry.manifest.project
        let spent = site.read { state in state.millibits(of: project) }
        let request = OpaqueGate.Request(
            policy: policy,
            inputPolicy: data.inputPolicy,
            table: table,
            holdout: holdout,
            projectMillibits: spent
        )
        let specs = site.specs(of: entry.manifest)
        let (decision, tools) = try OutputJudge(policy: policy, jails: site.jails)
            .opaque(outputs, specs.model(policy), request, claim: specs.claim())
        let isSealed = decision.outcome == .review && outputs.faults.isEmpty
        let bundle = isSealed ? try ReleaseBundle(decision.files, pad: policy.channels.pad).bytes : nil
        let context = DisclosureRecord.Context(
            entry,
            data,
            site: site,
            bundle: bundle,
            projectMillibits: spent + decision.millibits
        )
        let record = DisclosureRecord(
            .init(policy: policy, inputPolicy: data.inputPolicy, lineage: data.first.lineage),
            decision,
            tools: tools,
            context
        )
        let failed =
            outputs.faults
            + decision.findings.filter { $0.outcome != .pass }.map {
                $0.detail.isEmpty ? $0.check : "\($0.check): \($0.detail)"
            }
        return OutputDecision.Outcome(
            decision: decision,
            released: bundle,
            reason: bundle == nil ? "output.not-released" : "",
            explanation: failed.joined(separator: "; "),
            record: record
        )
    }
}
