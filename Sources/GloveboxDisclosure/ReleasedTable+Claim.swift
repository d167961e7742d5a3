package import GloveboxPolicy
package import GloveboxTables

extension ReleasedTable {
    /// Compares a job's table with the recomputed one: the labels of the rows that are missing, extra or wrong.
    ///
    /// A number agrees when it is within 10^-9 of the exact value, relative to that value where it is above 1, or when it
    /// rounds to what is released. Rows may stand in any order. Source: release policy section 4, step 7.
    package func mismatches(_ claim: CheckedTable, rounding: RoundingRules.Counts) -> [[String]] {
        guard claim.header.elementsEqual(header, by: { $0.utf8.elementsEqual($1.utf8) }) else { return [claim.header] }
        var expected: [[String]: Row] = [:]
        for row in rows { expected[row.labels] = row }
        var wrong: [[String]] = []
        for cells in claim.rows {
            let labels = cells.prefix(rows.first?.labels.count ?? 0).map(\.text)
            guard let row = expected.removeValue(forKey: labels),
                agrees(Array(cells.dropFirst(labels.count)), row, rounding)
            else {
                wrong.append(labels)
                continue
            }
        }
        return wrong + rows.map(\.labels).filter { expected[$0] != nil }
    }

    private func agrees(_ cells: [CheckedTable.Cell], _ row: Row, _ rounding: RoundingRules.Counts) -> Bool {
        guard let count = cells.first, Self.agrees(count, row, rounding) else { return false }
        guard let measure = row.measure else { return true }
        guard case .number(let claimed, _) = cells[1] else {
            return cells[1] == .suppressed ? row.isSuppressed : measure.exact == nil && cells[1].text == measure.text
        }
        if let exact = measure.exact, exact.isWithinBillionth(of: claimed) { return true }
        guard !row.isSuppressed, let rounded = measure.rounded else { return false }
        return claimed == rounded || Ratio(claimed).rounded(significantDigits: digits) == rounded
    }

    private static func agrees(_ cell: CheckedTable.Cell, _ row: Row, _ rounding: RoundingRules.Counts) -> Bool {
        guard case .number(let number, _) = cell else { return cell == .suppressed && row.isSuppressed }
        if Ratio(BigInteger(row.exact)).isWithinBillionth(of: number) { return true }
        guard !row.isSuppressed, let claimed = number.scaled(decimals: 0) else { return false }
        return claimed == row.rounded
            || (0...Int64(Int32.max)).contains(claimed) && rounding.round(claimed) == row.rounded
    }
}
