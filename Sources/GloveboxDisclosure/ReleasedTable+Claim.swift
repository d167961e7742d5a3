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

    /// Compares what a job left, a table or the object of a table of one row.
    package func mismatches(
        _ claim: CheckerAnswer,
        isObject: Bool,
        rounding: RoundingRules.Counts
    ) -> [[String]] {
        switch claim {
        case .table(let table) where !isObject: return mismatches(table, rounding: rounding)
        case .record(let record) where isObject:
            let cells = header.compactMap { name -> CheckedTable.Cell? in
                guard case .cell(let cell)? = record.members[name] else { return nil }
                return cell
            }
            guard cells.count == record.members.count, cells.count == header.count else {
                return [record.members.keys.sorted()]
            }
            return mismatches(CheckedTable(header: header, rows: [cells]), rounding: rounding)
        case .table, .record, .refused: return [["another form than the declared one"]]
        }
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
