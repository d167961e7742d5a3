internal import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

extension DominanceCheck {
    /// Cells of a sum or mean that few contributors dominate, and cells with a contribution below zero.
    ///
    /// Source: release policy section 5.3.
    package func findings(_ counts: CellCounts, zeros: ThresholdCheck.Kind) -> [Finding] {
        guard let variable = counts.variable, variable.statistic != .proportion else { return [] }
        let contributions = counts.contributions
        let negative = counts.frame.cells.filter { contributions[$0].hasNegative }
        let unsafe = counts.frame.cells.filter {
            !contributions[$0].hasNegative && isUnsafe(contributions[$0], zeros: zeros)
        }
        var findings = [finding(unsafe, .fail, counts.frame, "cells that few units dominate")]
        if !negative.isEmpty {
            let outcome: Finding.Outcome = negatives == .review ? .review : .fail
            findings.append(finding(negative, outcome, counts.frame, "cells with contributions below zero"))
        }
        return findings
    }

    private func finding(_ cells: [Int], _ outcome: Finding.Outcome, _ frame: TableFrame, _ what: String) -> Finding {
        Finding(
            "dominance",
            cells.isEmpty ? .pass : outcome,
            cells: cells.map(frame.labels),
            detail: cells.isEmpty ? "" : "\(cells.count) \(what)",
            parameters: [
                "p_percent": .string(p.text), "negatives": .string(negatives.rawValue),
                "nk": ["n": .integer(nk.n), "k": .string(nk.k.text), "comparator": .string(nk.comparator.rawValue)],
            ]
        )
    }
}

extension ThresholdCheck {
    /// Cells of a proportion with too few units on one side.
    ///
    /// Source: release policy sections 5.1 and 5.2.
    package func proportionFindings(_ counts: CellCounts, _ measures: CellMeasures) -> [Finding] {
        guard measures.variable.statistic == .proportion else { return [] }
        let unsafe = counts.frame.cells.filter {
            let positives = measures.positives[$0]
            return positives < minUnits || counts.units[$0] - positives < minUnits
        }
        return [
            Finding(
                "threshold",
                unsafe.isEmpty ? .pass : .fail,
                cells: unsafe.map(counts.frame.labels),
                detail: unsafe.isEmpty ? "" : "\(unsafe.count) proportions with fewer than \(minUnits) units on a side",
                parameters: ["min_units": .integer(minUnits), "variable": .string(measures.variable.name)]
            )
        ]
    }
}
