extension LeakScan {
    /// A combination of values that the file mentions, and the units that have it.
    private struct Pattern {
        /// For each private column the value's number among those that the file mentions; -1 for none.
        let values: [Int32]
        let unit: UInt32
        var isShared = false
    }

    /// Step 3: two cells of one row that together are only one unit's.
    ///
    /// A cell under a private column's name is compared with that column, every other cell with all of them. A row that
    /// holds a mark instead of a statistic tells nothing: its labels are the codebook's.
    mutating func findTuples() {
        guard let table else { return }
        let columns = table.header.indices.filter { !statistics.contains($0) }
        let named = columns.map { column in
            request.columns.firstIndex { $0.name.utf8.elementsEqual(table.header[column].utf8) }
        }
        let numbered = numbered(table, columns)
        let patterns = patterns(numbered)
        for (place, row) in table.rows.enumerated() where !row.contains(.suppressed) {
            var byColumn = [Int32](repeating: -1, count: request.columns.count)
            var anywhere: Set<Int32> = []
            for (index, column) in columns.enumerated() {
                guard let number = numbered[Self.spelled(row[column])] else { continue }
                if let name = named[index] { byColumn[name] = number } else { anywhere.insert(number) }
            }
            if hasUnique(byColumn, anywhere, patterns) {
                verdict.add(LeakVerdict.Hit(.tuples, row: place + 1, column: 0))
            }
        }
    }

    // Every value that the file mentions, by its one spelling.
    private func numbered(_ table: CheckedTable, _ columns: [Int]) -> [String: Int32] {
        var numbered: [String: Int32] = [:]
        for row in table.rows {
            for column in columns {
                let text = Self.spelled(row[column])
                if numbered[text] == nil { numbered[text] = Int32(numbered.count) }
            }
        }
        return numbered
    }

    private static func spelled(_ cell: CheckedTable.Cell) -> String {
        if case .number(let number, _) = cell { return number.text }
        return cell.text
    }

    private func patterns(_ numbered: [String: Int32]) -> [Pattern] {
        let columns = request.columns.map { column in
            column.values.map { value in numbered[ExactDecimal(csvText: value.utf8)?.text ?? value] ?? -1 }
        }
        var found: [[Int32]: Int] = [:]
        var patterns: [Pattern] = []
        for (row, unit) in request.units.enumerated() {
            let values = zip(request.columns, columns).map { column, numbers in
                let place = column.rows[row]
                return place == LeakRequest.Column.missing ? -1 : numbers[Int(place)]
            }
            if values.count(where: { $0 >= 0 }) < 2 { continue }
            if let known = found[values] {
                if patterns[known].unit != unit { patterns[known].isShared = true }
            } else {
                found[values] = patterns.count
                patterns.append(Pattern(values: values, unit: unit))
            }
        }
        return patterns
    }

    private func hasUnique(_ byColumn: [Int32], _ anywhere: Set<Int32>, _ patterns: [Pattern]) -> Bool {
        for pattern in patterns where !pattern.isShared {
            var (matched, cells, loose): ([Int], Int, Set<Int32>) = ([], 0, [])
            for (column, value) in pattern.values.enumerated() where value >= 0 {
                if value == byColumn[column] {
                    matched.append(column)
                    cells += 1
                } else if anywhere.contains(value) {
                    matched.append(column)
                    if loose.insert(value).inserted { cells += 1 }
                }
            }
            guard cells >= 2, matched.count >= 2 else { continue }
            let others = patterns.contains { other in
                (other.unit != pattern.unit || other.isShared)
                    && matched.allSatisfy { other.values[$0] == pattern.values[$0] }
            }
            if !others { return true }
        }
        return false
    }
}
