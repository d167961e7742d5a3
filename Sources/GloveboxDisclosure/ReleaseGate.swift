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
        /// The rows of the dataset version the job ran on.
        ///
        /// Only what is decided from a version that a site keeps is remembered; a file is for a filter that keeps nothing.
        package let rows: any RowSource
        package let spec: TableSpec
        /// The chart of the table, and the name of its file; nil for none.
        package let chart: (spec: ChartSpec, file: String)?
        /// Where units are put in order that are too many for memory.
        package let scratch: any Scratch

        /// What the rows were checked against.
        package var description: DatasetDescription { rows.description }

        /// Gathers a request.
        package init(
            id: String,
            policy: OutputPolicy,
            inputPolicy: InputPolicy,
            table: any RowSource,
            spec: TableSpec,
            chart: (spec: ChartSpec, file: String)? = nil,
            scratch: any Scratch = MemoryScratch()
        ) {
            self.chart = chart
            self.scratch = scratch
            self.id = id
            self.policy = policy
            self.inputPolicy = inputPolicy
            rows = table
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

        /// Ids of the releases that two owners let this very table come near to.
        package let overridden: Set<String>

        /// Gathers the past.
        package init(
            history: [ReleaseRecord],
            lineageKey: LineageKey,
            projectMillibits: Int64,
            overridden: Set<String> = []
        ) {
            self.overridden = overridden
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
        "opaque_fallback",
        "measure.count", "measure.sum", "measure.mean", "measure.proportion", "measure.ols", "output.json", "check.dof",
        "check.threshold", "check.dominance", "check.differencing",
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
        // A table without dimensions is one row, and may be an object instead; a regression always is.
        let types: [DeclaredOutput.FileType] =
            spec.regression != nil ? [.json] : spec.groupBy.isEmpty ? [.csv, .json] : [.csv]
        guard let output = policy.output(named: spec.output), types.contains(output.type) else {
            let wanted = types.map(\.rawValue).joined(separator: " or ")
            throw GloveboxError(
                "spec.output",
                "the policy declares no \(wanted) output \(Display.escape(spec.output)) for this spec"
            )
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
        try description.checkJoin(spec.join)
        guard policy.columns?.measures.contains(spec.statistic) == true else {
            throw GloveboxError("spec.statistic", "the policy does not allow \(spec.statistic.rawValue)")
        }
        let output = try output(of: spec, policy: policy)
        for column in spec.columns where !inputPolicy.allows(column: column) {
            throw GloveboxError("spec.column", "the input policy does not show the column \(Display.escape(column))")
        }
        for predicate in spec.conditions { try description.check(predicate) }
        let frame = try TableFrame(spec, description: description)
        let variable = try MeasuredVariable(spec, description: description)
        let rows = frame.rows(withTotals: spec.hasTotals).count
        let parameters = try spec.regression.map { (wanted) throws(GloveboxError) in
            try RegressionDesign(wanted, description: description).parameters
        }
        let columns = parameters.map { $0 + 4 } ?? frame.dimensions.count + (variable == nil ? 1 : 2)
        guard rows <= output.maxRows, rows * columns <= output.maxCells
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
        let (policy, spec) = (request.policy, request.spec)
        try policy.requireEnforced(by: capabilities)
        try request.inputPolicy.check(against: request.description)
        let frame = try frame(spec, policy, request.description, request.inputPolicy)
        guard let rounding = policy.rounding, let threshold = policy.checks.threshold,
            let differencing = policy.checks.differencing
        else { throw GloveboxError("policy.not-enforced", "the gate releases only recomputed tables") }
        let read: CheckerAnswer
        switch claim {
        case .refused(let fault):
            return refusal(request, [Finding("parser", .fail, detail: fault.message)])
        case nil:
            return refusal(request, [Finding("missing-output", .fail, detail: "the job left no \(spec.output)")])
        case .table, .record: read = claim ?? .refused(CSVFault(.empty, line: 0))
        }
        if let regression = spec.regression {
            return try decide(request, regression, read, rounding, threshold, past)
        }
        let version = try remembered(request, past)
        let counted = try counted(request, frame, threshold, key: version == nil ? nil : past.lineageKey)
        let (counts, marked, measures) = (counted.counts, counted.marked, CellMeasures(counted.counts))
        var findings = counted.findings
        let (released, audit) = rounded(counts, measures, rounding, threshold, marked, withTotals: spec.hasTotals)
        findings += audit
        let isObject = try output(of: spec, policy: policy).type == .json
        let wrong = released.mismatches(read, isObject: isObject, rounding: rounding.counts)
        let record = try version.map { (version) throws(GloveboxError) in
            try ReleaseRecord(
                id: request.id,
                spec: spec,
                version: version,
                counts: counts,
                marked: marked
            )
        }
        let hits = try Self.hits(record, past, differencing)
        let millibits = Self.millibits(policy, counts, rounding.counts, released.digits, rows: counted.rows)
        findings.append(finding(differencing, hits, past, frame))
        findings += try dominanceOfDifferences(counts, record, past, policy.checks.dominance, threshold)
        findings.append(capacityFinding(policy, millibits, past))
        findings.append(
            Finding(
                "mismatch",
                wrong.isEmpty ? .pass : .fail,
                cells: wrong,
                detail: wrong.isEmpty ? "" : "\(wrong.count) rows are missing, extra or wrong"
            )
        )
        var files = [Decision.File(name: spec.output, bytes: isObject ? released.json : released.csv)]
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
            .init(past, hits)
        )
    }

    // A table before it is rounded.
    private struct Counted {
        let counts: CellCounts
        let rows: Int
        let marked: Set<Int>
        let findings: [Finding]
    }

    private static func counted(
        _ request: Request,
        _ frame: TableFrame,
        _ threshold: ThresholdCheck,
        key: LineageKey?
    ) throws(GloveboxError) -> Counted {
        let (policy, spec) = (request.policy, request.spec)
        var tabulation = try Tabulation(
            frame,
            conditions: spec.conditions,
            variable: MeasuredVariable(spec, description: request.description),
            description: request.description,
            inputPolicy: request.inputPolicy,
            key: key,
            scratch: request.scratch
        )
        let rows = try request.rows.rows { (block) throws(GloveboxError) in try tabulation.add(block) }
        let counts = try tabulation.finish()
        let found =
            threshold.findings(counts) + measureFindings(counts, CellMeasures(counts), policy.checks, threshold)
        let (marked, findings) = suppressed(counts, found, policy.suppression, withTotals: spec.hasTotals)
        return Counted(counts: counts, rows: rows, marked: marked, findings: findings)
    }

    /// What is remembered of the table that a request is about, as if it had been released: for a filter that is told what
    /// was released before.
    ///
    /// - Throws: `policy.not-enforced`, `spec.*`, `input-policy.*`, and what the rows' source throws.
    package static func record(_ request: Request, key: LineageKey) throws(GloveboxError) -> ReleaseRecord {
        try request.inputPolicy.check(against: request.description)
        let frame = try frame(request.spec, request.policy, request.description, request.inputPolicy)
        guard let threshold = request.policy.checks.threshold else {
            throw GloveboxError("policy.not-enforced", "the gate releases only recomputed tables")
        }
        let (id, spec, rows) = (request.id, request.spec, request.rows)
        if let wanted = spec.regression {
            let fitted = try fitted(request, wanted, threshold, key: key, remembers: true)
            return try ReleaseRecord(id: id, spec: spec, version: rows, counts: counts(fitted, request))
        }
        let counted = try counted(request, frame, threshold, key: key)
        return try ReleaseRecord(id: id, spec: spec, version: rows, counts: counted.counts, marked: counted.marked)
    }

    /// The rows whose units are remembered; nil for a file that no site keeps, which nothing was released of.
    ///
    /// - Throws: `dataset.file` when there is something to compare a file with, `lineage.units` when it is remembered in a way
    ///   that says too little.
    static func remembered(_ request: Request, _ past: Past) throws(GloveboxError) -> (any RowSource)? {
        guard request.rows.isVersion || past.history.isEmpty else {
            throw GloveboxError("dataset.file", "a file cannot be compared with what was released of the dataset")
        }
        for old in past.history where old.isOld && request.description.privacyUnit.kind != .id {
            throw GloveboxError(
                "lineage.units",
                "the release \(Display.escape(old.id)) was remembered by an earlier version, which told equal rows apart",
                hint: "Nothing can be compared with it; found a new site for the dataset."
            )
        }
        return request.rows.isVersion ? request.rows : nil
    }
}
