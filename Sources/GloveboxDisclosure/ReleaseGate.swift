package import GloveboxCore
package import GloveboxPolicy
package import GloveboxTables

/// The one place where it is decided whether a table leaves: pure, and the same answer for the same input.
///
/// The job's table is a claim. The gate counts again from the dataset, runs every check of the policy on the exact
/// counts, rounds, compares, and writes its own bytes. Source: release policy sections 4 to 7.
package struct ReleaseGate: Sendable {
    /// What a decision is about, fixed before the job ran.
    package struct Request: Sendable {
        /// What the supervisor calls this release.
        package let id: String
        package let policy: OutputPolicy
        package let inputPolicy: InputPolicy
        /// The dataset version the job ran on.
        package let table: DatasetTable
        package let spec: TableSpec
        /// The chart of the table, and the name of its file; nil for none.
        package let chart: (spec: ChartSpec, file: String)?

        /// Gathers a request.
        package init(
            id: String,
            policy: OutputPolicy,
            inputPolicy: InputPolicy,
            table: DatasetTable,
            spec: TableSpec,
            chart: (spec: ChartSpec, file: String)? = nil
        ) {
            self.chart = chart
            self.id = id
            self.policy = policy
            self.inputPolicy = inputPolicy
            self.table = table
            self.spec = spec
        }
    }

    /// What came before on the lineage and in the project.
    package struct Past: Sendable {
        /// Released tables of the lineage, of all researchers.
        package let history: [ReleaseRecord]
        /// The key of the lineage's unit tags.
        package let lineageKey: LineageKey
        /// Thousandths of a bit that the project used up.
        package let projectMillibits: Int64

        /// Gathers the past.
        package init(history: [ReleaseRecord], lineageKey: LineageKey, projectMillibits: Int64) {
            self.history = history
            self.lineageKey = lineageKey
            self.projectMillibits = projectMillibits
        }
    }

    /// What this gate enforces.
    ///
    /// The supervisor adds what it enforces itself.
    package static let capabilities: Set<Capability> = [
        "tier.recomputed", "spec_source.submitted", "output.csv", "output.table-spec", "output.chart-spec", "charts",
        "measure.count",
        "measure.sum", "measure.mean", "measure.proportion", "check.threshold", "check.dominance", "check.differencing",
        "rounding.nearest", "rounding.midpoint", "suppression.forbid", "suppression.mark",
        "capacity.max_bits_per_release", "capacity.max_bits_per_project", "decision.auto.when-all-pass",
        "decision.auto.never", "decision.otherwise.reject",
    ]

    /// Checks everything about a spec that needs no row: to be called when a plan is submitted, and again by the gate.
    ///
    /// - Throws: `policy.not-enforced`, `spec.*`, `input-policy.*`.
    package static func check(
        _ spec: TableSpec,
        policy: OutputPolicy,
        description: DatasetDescription,
        inputPolicy: InputPolicy,
        capabilities: Set<Capability>
    ) throws(GloveboxError) {
        try policy.requireEnforced(by: capabilities)
        try inputPolicy.check(against: description)
        _ = try frame(spec, policy, description, inputPolicy)
    }

    /// The declared output that the spec's table is for.
    ///
    /// - Throws: `spec.output`.
    package static func output(of spec: TableSpec, policy: OutputPolicy) throws(GloveboxError) -> DeclaredOutput {
        guard let output = policy.output(named: spec.output), output.type == .csv else {
            throw GloveboxError("spec.output", "the policy declares no csv output \(Display.escape(spec.output))")
        }
        return output
    }

    private static func frame(
        _ spec: TableSpec,
        _ policy: OutputPolicy,
        _ description: DatasetDescription,
        _ inputPolicy: InputPolicy
    ) throws(GloveboxError) -> TableFrame {
        guard spec.dataset.utf8.elementsEqual(description.name.utf8) else {
            throw GloveboxError("spec.dataset", "the spec is for dataset \(Display.escape(spec.dataset))")
        }
        let output = try output(of: spec, policy: policy)
        guard policy.columns?.measures.contains(spec.statistic) == true else {
            throw GloveboxError("spec.statistic", "the policy does not allow \(spec.statistic.rawValue)")
        }
        for column in spec.groupBy.map(\.column) + spec.conditions.map(\.column) + (spec.variable.map { [$0] } ?? [])
        where !inputPolicy.allows(column: column) {
            throw GloveboxError("spec.column", "the input policy does not show the column \(Display.escape(column))")
        }
        for predicate in spec.conditions { try description.check(predicate) }
        let frame = try TableFrame(spec, description: description)
        let variable = try MeasuredVariable(spec, description: description)
        let rows = frame.rows(withTotals: spec.hasTotals).count
        guard rows <= output.maxRows, rows * (frame.dimensions.count + (variable == nil ? 1 : 2)) <= output.maxCells
        else {
            throw GloveboxError("spec.too-many-cells", "the table has more rows or cells than \(output.name) may have")
        }
        return frame
    }

    /// Decides.
    ///
    /// The claim is what the checker made of the job's file, nil when there was none; the capabilities are what gate and
    /// supervisor enforce together.
    ///
    /// - Throws: `policy.not-enforced`, `spec.*` or `input-policy.*` when the request should never have run.
    package static func decide(
        _ request: Request,
        claim: CheckerAnswer?,
        past: Past,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> Decision {
        let (policy, table, spec) = (request.policy, request.table, request.spec)
        try policy.requireEnforced(by: capabilities)
        try request.inputPolicy.check(against: table.description)
        let frame = try frame(spec, policy, table.description, request.inputPolicy)
        guard let rounding = policy.rounding, let threshold = policy.checks.threshold,
            let differencing = policy.checks.differencing
        else { throw GloveboxError("policy.not-enforced", "the gate releases only recomputed tables") }
        let claimed: CheckedTable
        switch claim {
        case .table(let table): claimed = table
        case .refused(let fault):
            return refusal(request, [Finding("parser", .fail, detail: fault.message)])
        case nil:
            return refusal(request, [Finding("missing-output", .fail, detail: "the job left no \(spec.output)")])
        }
        let counts = try CellCounts(
            table,
            frame: frame,
            conditions: spec.conditions,
            variable: MeasuredVariable(spec, description: table.description),
            inputPolicy: request.inputPolicy
        )
        var findings = threshold.findings(counts)
        let measures = CellMeasures(counts)
        findings += measureFindings(counts, measures, policy.checks, threshold)
        let marked: Set<Int>
        (marked, findings) = suppressed(counts, findings, policy.suppression, withTotals: spec.hasTotals)
        let (released, audit) = rounded(counts, measures, rounding, threshold, marked, withTotals: spec.hasTotals)
        findings += audit
        let wrong = released.mismatches(claimed, rounding: rounding.counts)
        let record = ReleaseRecord(
            id: request.id,
            spec: spec,
            table: table,
            counts: counts,
            marked: marked,
            key: past.lineageKey
        )
        let hits = Self.hits(record, past, differencing)
        let millibits = Self.millibits(policy, counts, rounding.counts, released.digits, table)
        findings.append(finding(differencing, hits, frame))
        findings += dominanceOfDifferences(record, past, policy.checks.dominance, threshold, frame)
        findings.append(capacityFinding(policy, millibits, past))
        findings.append(
            Finding(
                "mismatch",
                wrong.isEmpty ? .pass : .fail,
                cells: wrong,
                detail: wrong.isEmpty ? "" : "\(wrong.count) rows are missing, extra or wrong"
            )
        )
        var files = [Decision.File(name: spec.output, bytes: released.csv)]
        if let chart = request.chart {
            try chart.spec.check(spec, policy: policy)
            let figure = try ChartRenderer(chart.spec, released).figure
            files.append(Decision.File(name: chart.file, bytes: PNGWriter.write(figure)))
        }
        return conclude(
            request,
            findings,
            files: files,
            millibits,
            record,
            .init(releases: past.history.count, hits: hits.count)
        )
    }
}
