internal import GloveboxCore
internal import GloveboxPolicy

extension ReleaseGate {
    /// Checks the cells of sums, means and proportions.
    static func measureFindings(
        _ counts: CellCounts,
        _ measures: CellMeasures?,
        _ checks: CheckRules,
        _ threshold: ThresholdCheck
    ) -> [Finding] {
        guard let measures else { return [] }
        return threshold.proportionFindings(counts, measures)
            + (checks.dominance?.findings(counts, zeros: threshold.zeros) ?? [])
    }

    /// Rounds what is released, with as many digits as the mean audit leaves.
    static func rounded(
        _ counts: CellCounts,
        _ measures: CellMeasures?,
        _ rounding: RoundingRules,
        _ threshold: ThresholdCheck,
        _ marked: Set<Int>,
        withTotals: Bool
    ) -> (ReleasedTable, [Finding]) {
        var findings: [Finding] = []
        var digits = Int(rounding.measures.digits)
        if let measures, rounding.measures.auditsMeans, measures.variable.statistic == .mean {
            let audit = MeanAudit(rounding.counts, minUnits: threshold.minUnits)
            // Cells below the threshold fail, or are marked, by themselves.
            let cells = counts.frame.cells.filter {
                Int64(counts.units[$0]) >= threshold.minUnits && !marked.contains($0)
            }
            let means = cells.compactMap { cell in
                measures.exact(cell).map { (count: Int64(counts.units[cell]), mean: $0) }
            }
            let safe = audit.digits(means, atMost: digits, decimals: measures.variable.decimals)
            findings.append(
                Finding(
                    "mean_audit",
                    safe == nil ? .fail : .pass,
                    detail: safe.map { "\($0) significant digits" } ?? "means of one digit give counts away",
                    parameters: ["significant_digits": .integer(rounding.measures.digits)]
                )
            )
            digits = safe ?? 1
        }
        let released = ReleasedTable(
            counts,
            measures: measures,
            rounding: rounding.counts,
            digits: digits,
            suppressed: marked,
            withTotals: withTotals
        )
        return (released, findings)
    }

    /// Runs the dominance rules on what two releases of one variable give away together.
    static func dominanceOfDifferences(
        _ counts: CellCounts,
        _ record: ReleaseRecord?,
        _ past: Past,
        _ check: DominanceCheck?,
        _ threshold: ThresholdCheck
    ) throws(GloveboxError) -> [Finding] {
        guard let check, let variable = counts.variable, variable.statistic != .proportion else { return [] }
        let frame = counts.frame
        var found: [Differencing.Subset] = []
        if let record {
            for old in past.history {
                found += try Differencing.dominated(record, old, by: check, zeros: threshold.zeros)
            }
        }
        let detail = found.prefix(10).map { "\(frame.labels($0.new)) less or more a set of release \($0.release)" }
        return [
            Finding(
                "differencing",
                found.isEmpty ? .pass : .fail,
                cells: found.map { frame.labels($0.new) },
                detail: found.isEmpty ? "" : "few units dominate a difference: " + detail.joined(separator: "; "),
                parameters: ["dominance": true]
            )
        ]
    }
}
