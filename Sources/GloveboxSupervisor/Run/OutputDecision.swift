internal import Glibc
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxTables

/// Decides what may leave: the claim is parsed in a jail, recomputed from the data, and checked against the policy and
/// everything released before.
struct OutputDecision {
    /// What was decided.
    struct Outcome: Sendable {
        let decision: Decision?
        /// The bundle that may leave, as the supervisor wrote it; nil for a refusal.
        let released: [UInt8]?
        /// Coarse reason.
        let reason: String
        /// The reasons in full, for the data's owner.
        let explanation: String
        /// The disclosure record.
        let record: DisclosureRecord
        /// What it cost of a privacy budget; nil for most.
        var privacy: Report.Privacy?
        /// What the event of the approval keeps for later; null for most.
        var approval: JSONValue = .null
        /// Keeps the release for later comparisons.
        var remember: @Sendable () throws(GloveboxError) -> Void = {}

        /// The record in full, as reviewers and auditors read it.
        var evidence: [UInt8] { CanonicalJSON.encode(record.json(for: .owner)) }
        /// The researcher's copy of the record.
        var disclosure: [UInt8] { CanonicalJSON.encode(record.json(for: .researcher)) }
    }

    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    let data: PlanData

    func decide(
        _ outputs: OutputCollector.Outputs,
        rows: any RowSource,
        lineageKey: [UInt8]
    ) throws(GloveboxError) -> Outcome {
        let specs = site.specs(of: entry.manifest)
        let histories = data.lineages.map { ReleaseHistory(site: site, lineage: $0) }
        var released: [ReleaseRecord] = []
        for history in histories {
            // A release of a join stands in both histories, and this one's when its supervisor died right after it was kept.
            for record in try history.records()
            where record.id != entry.job.id && !released.contains(where: { $0.id == record.id }) {
                released.append(record)
            }
        }
        let request = ReleaseGate.Request(
            id: entry.job.id,
            policy: policy,
            inputPolicy: data.inputPolicy,
            table: rows,
            spec: try specs.table(policy),
            chart: try specs.chart(policy),
            scratch: site.scratch
        )
        let project = entry.manifest.project
        let spent = site.read { state in state.millibits(of: project) }
        let overrides = site.read { state in state.overrides(for: request.spec.digest, in: entry.manifest) }
        let past = ReleaseGate.Past(
            history: released,
            lineageKey: try LineageKey(lineageKey),
            projectMillibits: spent,
            overridden: Set(overrides.flatMap(\.refusal.near.keys))
        )
        let judge = OutputJudge(policy: policy, jails: site.jails)
        let decision = try judge.table(outputs, request, past: past)
        let leaves = decision.outcome != .refuse && outputs.faults.isEmpty
        let bundle = leaves ? try ReleaseBundle(decision.files, pad: policy.channels.pad).bytes : nil
        var context = DisclosureRecord.Context(
            entry,
            data,
            site: site,
            bundle: bundle,
            projectMillibits: spent + decision.millibits
        )
        if decision.isOverridden { context.override = .array(overrides.map(\.record)) }
        let record = DisclosureRecord(request, decision, lineage: data.first.lineage, context)
        let failed =
            outputs.faults
            + decision.findings.filter { $0.outcome != .pass }.map {
                $0.detail.isEmpty ? $0.check : "\($0.check): \($0.detail)"
            }
        return Outcome(
            decision: decision,
            released: bundle,
            reason: bundle == nil ? "output.not-released" : "",
            explanation: failed.joined(separator: "; "),
            record: record,
            remember: { () throws(GloveboxError) in
                guard let record = decision.record else { return }
                for history in histories { try history.add(record) }
            }
        )
    }
}
