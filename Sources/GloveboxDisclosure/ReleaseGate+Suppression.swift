internal import GloveboxCore
internal import GloveboxPolicy

extension ReleaseGate {
    /// Marks unsafe cells where the policy says so, and audits what the totals tell about them.
    ///
    /// Findings about marked cells pass, since those cells are not released. Source: release policy section 5.7.
    static func suppressed(
        _ counts: CellCounts,
        _ findings: [Finding],
        _ rules: SuppressionRules?,
        withTotals: Bool
    ) -> (cells: Set<Int>, findings: [Finding]) {
        guard let rules, rules.mode == .mark else { return ([], findings) }
        let frame = counts.frame
        let places = Dictionary(uniqueKeysWithValues: frame.cells.map { (frame.labels($0), $0) })
        var marked: Set<Int> = []
        let passed = findings.map { finding in
            guard finding.outcome == .fail, !finding.cells.isEmpty else { return finding }
            marked.formUnion(finding.cells.compactMap { places[$0] })
            return Finding(
                finding.check,
                .pass,
                detail: finding.detail + ", marked",
                parameters: finding.parameters
            )
        }
        let exposed = withTotals ? audit(counts, marked.sorted(), rules) : []
        let isSupported = (1...2).contains(frame.dimensions.count) && (counts.variable == nil || !withTotals)
        let canMark = isSupported && marked.count < frame.cells.count || marked.isEmpty
        let detail =
            !canMark
            ? "cells are marked only in tables of 1 or 2 dimensions, some cell is left, and sums have no totals: coarsen"
            : exposed.isEmpty ? "" : "\(exposed.count) marked cells follow from the totals: coarsen"
        let audited = Finding(
            "suppression",
            canMark && exposed.isEmpty ? .pass : .fail,
            cells: (exposed.isEmpty ? marked.sorted() : exposed).map(frame.labels),
            detail: detail,
            parameters: ["mode": .string(rules.mode.rawValue), "min_width": .integer(rules.minWidth)]
        )
        return (marked, passed + [audited])
    }

    private static func audit(_ counts: CellCounts, _ marked: [Int], _ rules: SuppressionRules) -> [Int] {
        let margins = Margins(sizes: counts.frame.sizes)
        var unknowns: [Int: [Int]] = [:]
        for (index, cell) in marked.enumerated() {
            for place in margins.containing(cell).dropFirst() { unknowns[place, default: []].append(index) }
        }
        let equations = unknowns.values.map { cells in
            SuppressionAudit.Equation(
                cells: cells,
                sum: cells.reduce(0) { $0 + Int64(counts.units[marked[$1]]) }
            )
        }
        let audit = SuppressionAudit(unknowns: marked.count, equations: equations)
        return audit.exposed(minWidth: rules.minWidth).map { marked[$0] }
    }
}
