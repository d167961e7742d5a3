extension LeakScan {
    /// A combination of values that the file mentions, and the units that have it.
    struct Pattern {
        /// For each private column the value's number among those that the file mentions; -1 for none.
        let values: [Int32]
        let unit: UInt64
        var isShared = false
    }

    /// The combinations that the rows have.
    struct Patterns {
        private(set) var all: [Pattern] = []
        private var found: [[Int32]: Int] = [:]

        /// Adds the combinations of some rows; `mentions` gives the number of each place that they may name.
        mutating func take(_ rows: LeakRows, _ mentions: [[Int32]]) {
            // Most columns have nothing that the file mentions.
            let able = mentions.indices.filter { mentions[$0].contains { $0 >= 0 } }
            guard able.count >= 2 else { return }
            for (row, unit) in rows.units.enumerated() {
                var values = [Int32](repeating: -1, count: mentions.count)
                var count = 0
                for column in able {
                    let place = rows.columns[column].places[row]
                    guard place != LeakRows.Column.missing, mentions[column][Int(place)] >= 0 else { continue }
                    values[column] = mentions[column][Int(place)]
                    count += 1
                }
                guard count >= 2 else { continue }
                if let known = found[values] {
                    if all[known].unit != unit { all[known].isShared = true }
                } else {
                    found[values] = all.count
                    all.append(Pattern(values: values, unit: unit))
                }
            }
        }
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
        for (place, row) in table.rows.enumerated() where !row.contains(.suppressed) {
            var byColumn = [Int32](repeating: -1, count: request.columns.count)
            var anywhere: Set<Int32> = []
            for (index, column) in columns.enumerated() {
                guard let number = mentioned[Self.spelled(row[column])] else { continue }
                if let name = named[index] { byColumn[name] = number } else { anywhere.insert(number) }
            }
            if hasUnique(byColumn, anywhere) {
                verdict.add(LeakVerdict.Hit(.tuples, row: place + 1, column: 0))
            }
        }
    }

    /// Every value that a table mentions outside statistics, by its one spelling.
    static func mentioned(_ table: CheckedTable, besides statistics: Set<Int>) -> [String: Int32] {
        var mentioned: [String: Int32] = [:]
        for row in table.rows {
            for column in table.header.indices where !statistics.contains(column) {
                let text = spelled(row[column])
                if mentioned[text] == nil { mentioned[text] = Int32(mentioned.count) }
            }
        }
        return mentioned
    }

    private static func spelled(_ cell: CheckedTable.Cell) -> String {
        if case .number(let number, _) = cell { return number.text }
        return cell.text
    }

    private func hasUnique(_ byColumn: [Int32], _ anywhere: Set<Int32>) -> Bool {
        for pattern in patterns.all where !pattern.isShared {
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
            let others = patterns.all.contains { other in
                (other.unit != pattern.unit || other.isShared)
                    && matched.allSatisfy { other.values[$0] == pattern.values[$0] }
            }
            if !others { return true }
        }
        return false
    }
}
