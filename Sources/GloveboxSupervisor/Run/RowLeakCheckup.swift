internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxPolicy
internal import GloveboxTables

/// Looks for private rows in what a decision would let go, in the checker's jail, where the policy asks for it.
struct RowLeakCheckup {
    let jails: JailReserve

    /// The decision with what the scan found; one that refuses already is not looked at.
    ///
    /// `spec` is that of a recomputed table; nil for a file of the job's making.
    ///
    /// Source: release policy sections 5.6 and 12.
    ///
    /// - Throws: `jail.*`, `dataset.*`.
    func judge(
        _ decision: Decision,
        _ policy: OutputPolicy,
        _ spec: TableSpec? = nil,
        over rows: any RowSource
    ) throws(GloveboxError) -> Decision {
        guard policy.checks.rowLeak != nil, decision.outcome != .refuse else { return decision }
        let isCSV = { (file: Decision.File) in policy.output(named: file.name)?.type == .csv }
        // The policy's own word for how many units a value must have.
        let minUnits = policy.checks.threshold?.minUnits ?? policy.checks.rareValues?.minUnits ?? 10
        let leak = { (file: Decision.File) in
            LeakFeed(
                file,
                // Made-up rows are made to be like people's: their own checks stand for those of rows and columns.
                form: policy.tier == .recomputed && isCSV(file) ? .table : .bytes,
                rows: rows,
                spec: spec,
                minUnits: Int(clamping: minUnits)
            )
        }
        var judged = decision
        for file in decision.files {
            let verdict = try CheckerDoor(jails: jails).scan(leak(file))
            judged = judged.adding(Finding(verdict, tier: policy.tier), rules: policy.decision)
        }
        return judged
    }
}
