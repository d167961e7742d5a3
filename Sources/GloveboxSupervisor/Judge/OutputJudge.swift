internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxPolicy
internal import GloveboxTables

/// Judges what a job left: the one way from hostile files to a decision, at a site, in a rehearsal and for a directory.
///
/// It knows of no site: what came before, and what is paid, is told to it or done around it.
struct OutputJudge {
    let policy: OutputPolicy
    let jails: JailReserve

    /// The sizes at which the checker stops: a little over the policy's, so that the gate sees what is too large.
    private static func limits(_ declared: DeclaredOutput) -> CheckedTable.Limits {
        CheckedTable.Limits(
            bytes: Int(clamping: declared.maxBytes),
            rows: Int(clamping: declared.maxRows) + 1,
            cells: Int(clamping: declared.maxCells) + 64
        )
    }

    /// What the checker makes of a table; nil when there is none, or the folder is unfit.
    ///
    /// - Throws: `jail.*`.
    func parse(_ outputs: OutputCollector.Outputs, _ declared: DeclaredOutput) throws(GloveboxError) -> CheckerAnswer? {
        guard outputs.faults.isEmpty, let claim = outputs.files.first(where: { $0.name == declared.name }) else {
            return nil
        }
        return try CheckerDoor(jails: jails).parse(claim.bytes, limits: Self.limits(declared))
    }

    /// A table, counted again, with the figure beside it.
    ///
    /// - Throws: `jail.*`, `dataset.*`, and what the gate throws for a request that should never have run.
    func table(
        _ outputs: OutputCollector.Outputs,
        _ request: ReleaseGate.Request,
        past: ReleaseGate.Past
    ) throws(GloveboxError) -> Decision {
        let declared = try ReleaseGate.output(of: request.spec, policy: policy)
        let claim = try parse(outputs, declared)
        let decided = try ReleaseGate.decide(request, claim: claim, past: past, capabilities: Site.capabilities)
        return try RowLeakCheckup(jails: jails).judge(
            FigureCheckup(jails: jails).judge(decided, outputs, policy, spent: past.projectMillibits),
            policy,
            request.spec,
            over: request.rows
        )
    }
}
