package import GloveboxPolicy
package import GloveboxTables

/// The table that leaves: labels and rounded counts, in the order they are written.
package struct ReleasedTable: Hashable, Sendable {
    /// One row.
    package struct Row: Hashable, Sendable {
        package let labels: [String]
        /// The exact count; it stays with the data owner.
        package let exact: Int64
        /// What is released.
        package let rounded: Int64
    }

    /// The column names.
    package let header: [String]
    /// The rows.
    package let rows: [Row]

    /// Rounds the counts; a total is the sum of the rounded cells, so it tells nothing new.
    package init(_ counts: CellCounts, rounding: RoundingRules.Counts, withTotals: Bool) {
        let margins = Margins(sizes: counts.frame.sizes)
        var rounded = [Int64](repeating: 0, count: counts.frame.placeCount)
        for cell in counts.frame.cells {
            let value = rounding.round(Int64(counts.units[cell]))
            for place in margins.containing(cell) { rounded[place] += value }
        }
        header = counts.frame.dimensions.map(\.name) + ["n"]
        rows = counts.frame.rows(withTotals: withTotals).map { place in
            Row(labels: counts.frame.labels(place), exact: Int64(counts.units[place]), rounded: rounded[place])
        }
    }

    /// The canonical bytes.
    ///
    /// Source: release policy section 8.1.
    package var csv: [UInt8] {
        var out = Array((header.joined(separator: ",") + "\n").utf8)
        for row in rows { out += ((row.labels + [String(row.rounded)]).joined(separator: ",") + "\n").utf8 }
        return out
    }
}

extension ReleasedTable {
    /// Compares a job's table with the recomputed one: the labels of the rows that are missing, extra or wrong.
    ///
    /// A number agrees when it is the exact count, within 10^-9 of it, or an integer that rounds to the released count.
    /// Rows may stand in any order. Source: release policy section 4, step 7.
    package func mismatches(_ claim: CheckedTable, rounding: RoundingRules.Counts) -> [[String]] {
        guard claim.header.elementsEqual(header, by: { $0.utf8.elementsEqual($1.utf8) }) else { return [claim.header] }
        var expected: [[String]: Row] = [:]
        for row in rows { expected[row.labels] = row }
        var wrong: [[String]] = []
        for cells in claim.rows {
            let labels = cells.dropLast().map(\.text)
            guard let row = expected.removeValue(forKey: labels), let cell = cells.last,
                Self.agrees(cell, row, rounding)
            else {
                wrong.append(labels)
                continue
            }
        }
        return wrong + rows.map(\.labels).filter { expected[$0] != nil }
    }

    private static func agrees(_ cell: CheckedTable.Cell, _ row: Row, _ rounding: RoundingRules.Counts) -> Bool {
        guard case .number(let number, _) = cell else { return false }
        if let claimed = number.scaled(decimals: 0) {
            return claimed == row.exact || claimed == row.rounded
                || (0...Int64(Int32.max)).contains(claimed) && rounding.round(claimed) == row.rounded
        }
        return number.isWithinBillionth(of: row.exact)
    }
}

extension ExactDecimal {
    // |self - exact| ≤ 10^-9 · max(1, |exact|), over the common denominator 10^places.
    fileprivate func isWithinBillionth(of exact: Int64) -> Bool {
        guard exponent < 0, let factor = ExactDecimal.power(-exponent) else { return false }
        let (scaled, overflow) = Int128(exact).multipliedReportingOverflow(by: factor)
        guard !overflow else { return false }
        let allowed = max(scaled.magnitude, factor.magnitude) / 1_000_000_000
        let (difference, tooFar) = mantissa.subtractingReportingOverflow(scaled)
        return !tooFar && difference.magnitude <= allowed
    }
}
