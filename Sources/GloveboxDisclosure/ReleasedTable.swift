package import GloveboxPolicy
package import GloveboxTables

/// The table that leaves: labels, rounded counts and rounded measures, in the order they are written.
package struct ReleasedTable: Sendable {
    /// A sum, mean or proportion.
    package struct Measure: Sendable {
        /// The exact value; it stays with the data owner.
        ///
        /// Nil for the mean or proportion of nothing.
        package let exact: Ratio?
        /// What is released; nil where there is nothing to divide.
        package let rounded: ExactDecimal?

        var text: String { rounded?.text ?? "NA" }
        var cell: CheckedTable.Cell { rounded.map { .init($0) } ?? .label("NA") }
    }

    /// One row.
    package struct Row: Sendable {
        package let labels: [String]
        /// The exact count; it stays with the data owner.
        package let exact: Int64
        /// What is released.
        package let rounded: Int64
        /// The measure; nil in a table of counts.
        package let measure: Measure?
        /// Whether `[c]` stands in place of the numbers.
        package let isSuppressed: Bool
    }

    /// The column names.
    package let header: [String]
    /// The rows.
    package let rows: [Row]
    /// Significant digits of the measures.
    let digits: Int

    /// Rounds counts and measures.
    ///
    /// A total is made of the rounded visible cells alone, so it tells nothing new: counts and sums are added, means are
    /// weighted by the rounded counts, proportions divide the rounded numbers of units.
    package init(
        _ counts: CellCounts,
        measures: CellMeasures? = nil,
        rounding: RoundingRules.Counts,
        digits: Int = 3,
        suppressed: Set<Int> = [],
        withTotals: Bool
    ) {
        let frame = counts.frame
        let margins = Margins(sizes: frame.sizes)
        var rounded = [Int64](repeating: 0, count: frame.placeCount)
        for cell in frame.cells where !suppressed.contains(cell) {
            rounded[cell] = rounding.round(Int64(counts.units[cell]))
        }
        rounded = margins.summed(rounded, over: frame.cells)
        let values = measures.map { Self.round($0, frame, rounded, rounding, digits, suppressed) }
        header = frame.dimensions.map(\.name) + ["n"] + (measures.map { [$0.variable.header] } ?? [])
        rows = frame.rows(withTotals: withTotals).map { place in
            Row(
                labels: frame.labels(place),
                exact: Int64(counts.units[place]),
                rounded: rounded[place],
                measure: values.map { Measure(exact: measures?.exact(place), rounded: $0[place]) },
                isSuppressed: suppressed.contains(place)
            )
        }
        self.digits = digits
    }

    private static func round(
        _ measures: CellMeasures,
        _ frame: TableFrame,
        _ counts: [Int64],
        _ rounding: RoundingRules.Counts,
        _ digits: Int,
        _ suppressed: Set<Int>
    ) -> [ExactDecimal?] {
        let margins = Margins(sizes: frame.sizes)
        // What margins add up: the released sum, mean times count, or rounded number of positive units.
        var parts = [Ratio](repeating: Ratio(.zero), count: frame.placeCount)
        var values = [ExactDecimal?](repeating: nil, count: frame.placeCount)
        for cell in frame.cells where !suppressed.contains(cell) {
            switch measures.variable.statistic {
            case .sum:
                values[cell] = measures.exact(cell)?.rounded(significantDigits: digits)
                parts[cell] = Ratio(values[cell] ?? .zero)
            case .mean:
                values[cell] = measures.exact(cell)?.rounded(significantDigits: digits)
                parts[cell] = Ratio(values[cell] ?? .zero) * Ratio(BigInteger(counts[cell]))
            case .proportion:
                parts[cell] = Ratio(BigInteger(rounding.round(Int64(measures.positives[cell]))))
                values[cell] = quotient(parts[cell], counts[cell], digits)
            case .count, .ols: break
            }
            for place in margins.containing(cell).dropFirst() { parts[place] = parts[place] + parts[cell] }
        }
        let cells = Set(frame.cells)
        for place in 0..<frame.placeCount where !cells.contains(place) {
            values[place] =
                measures.variable.statistic == .sum
                ? parts[place].rounded(significantDigits: 15) : quotient(parts[place], counts[place], digits)
        }
        return values
    }

    private static func quotient(_ part: Ratio, _ count: Int64, _ digits: Int) -> ExactDecimal? {
        guard count > 0 else { return nil }
        return Ratio(part.numerator, part.denominator * BigInteger(count)).rounded(significantDigits: digits)
    }

    /// The canonical bytes.
    ///
    /// Source: release policy section 8.1.
    package var csv: [UInt8] {
        var out = Array((header.joined(separator: ",") + "\n").utf8)
        for row in rows {
            let numbers = [String(row.rounded)] + (row.measure.map { [$0.text] } ?? [])
            let shown = row.isSuppressed ? numbers.map { _ in CheckedTable.Cell.suppressionMark } : numbers
            out += ((row.labels + shown).joined(separator: ",") + "\n").utf8
        }
        return out
    }

    /// The canonical bytes of a table of one row as an object.
    ///
    /// Source: release policy sections 4 and 8.2.
    package var json: [UInt8] {
        var members: [String: CheckedRecord.Value] = [:]
        for row in rows {
            let numbers = [CheckedTable.Cell(ExactDecimal(row.rounded))] + (row.measure.map { [$0.cell] } ?? [])
            for (name, number) in zip(header, numbers) {
                members[name] = .cell(row.isSuppressed ? .suppressed : number)
            }
        }
        return CheckedRecord(members).json
    }
}
