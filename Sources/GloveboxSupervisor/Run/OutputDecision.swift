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
        /// The disclosure record, researcher's copy.
        let disclosure: [UInt8]
        /// The bundle that waits for reviewers; nil for what is decided without them.
        var sealed: [UInt8]?
        /// The owner's copy of the disclosure record, for reviewers.
        var evidence: [UInt8] = []
        /// What the event of the approval keeps for later; null for most.
        var approval: JSONValue = .null
        /// Keeps the release for later comparisons.
        var remember: @Sendable () throws(GloveboxError) -> Void = {}
    }

    let site: Site
    let entry: JobEntry
    let policy: OutputPolicy
    let dataset: RegisteredDataset

    /// The sizes at which the checker stops: a little over the policy's, so that the gate sees what is too large.
    static func limits(_ declared: DeclaredOutput) -> CheckedTable.Limits {
        CheckedTable.Limits(
            bytes: Int(clamping: declared.maxBytes),
            rows: Int(clamping: declared.maxRows) + 1,
            cells: Int(clamping: declared.maxCells) + 64
        )
    }

    func decide(
        _ outputs: OutputCollector.Outputs,
        table: DatasetTable,
        lineageKey: [UInt8]
    ) throws(GloveboxError) -> Outcome {
        let spec = try site.spec(entry.manifest.core.code.nar, policy)
        let declared = try ReleaseGate.output(of: spec, policy: policy)
        let history = ReleaseHistory(site: site, dataset: dataset.name)
        let request = ReleaseGate.Request(
            id: entry.job.id,
            policy: policy,
            inputPolicy: dataset.inputPolicy,
            table: table,
            spec: spec,
            chart: try site.chart(entry.manifest.core.code.nar, policy)
        )
        var answer: CheckerAnswer?
        if outputs.faults.isEmpty, let claim = outputs.files.first(where: { $0.name == spec.output }) {
            answer = try CheckerDoor(jails: site.jails).parse(claim.bytes, limits: Self.limits(declared))
        }
        let project = entry.manifest.project
        let spent = site.read { state in
            state.jobs.values.reduce(0) { $0 + ($1.manifest.project == project ? $1.millibits : 0) }
        }
        let past = ReleaseGate.Past(
            history: try history.records(),
            lineageKey: try LineageKey(lineageKey),
            projectMillibits: spent
        )
        let decision = try ReleaseGate.decide(
            request,
            claim: answer,
            past: past,
            capabilities: Site.capabilities
        )
        let isReleased = decision.outcome == .release && outputs.faults.isEmpty
        let released = isReleased ? try ReleaseBundle(decision.files, pad: policy.channels.pad).bytes : nil
        var context = DisclosureRecord.Context(
            dataset: dataset.commitment,
            supervisorVersion: SiteLog.version,
            requester: entry.manifest.submitter,
            project: entry.manifest.project,
            decided: Machine.now(),
            projectMillibits: spent + decision.millibits
        )
        context.supervisorMeasurement = site.host.supervisor
        context.codeMeasurement = entry.manifest.core.code.nar
        context.bundle = released.map(Machine.sha256)
        let record = DisclosureRecord(request, decision, context)
        let failed =
            outputs.faults
            + decision.findings.filter { $0.outcome != .pass }.map {
                $0.detail.isEmpty ? $0.check : "\($0.check): \($0.detail)"
            }
        return Outcome(
            decision: decision,
            released: released,
            reason: released == nil ? "output.not-released" : "",
            explanation: failed.joined(separator: "; "),
            disclosure: CanonicalJSON.encode(record.json(for: .researcher)),
            remember: { () throws(GloveboxError) in
                if let record = decision.record { try history.add(record) }
            }
        )
    }
}
