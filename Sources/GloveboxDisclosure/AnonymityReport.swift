internal import Glibc
internal import GloveboxPolicy

/// How rows of a dataset hide among each other: for the owner, who may look at them; no release depends on it.
///
/// Rows with the same values of the quasi-identifiers are one class. Source: release policy section 5.8.
package struct AnonymityReport: Sendable {
    /// What a class tells of one sensitive column.
    package struct Diversity: Sendable {
        /// The column.
        package let column: String
        /// The least number of distinct values in a class.
        package let distinct: Int
        /// The least exp(entropy) of a class.
        package let entropy: Double
        /// The least c, itself excluded, for which every class is recursively (c, `distinct`)-diverse.
        package let recursiveC: Double
        /// The greatest earth mover's distance of a class from the whole: ordered for numbers, equal for codes.
        package let closeness: Double
    }

    /// The quasi-identifiers.
    package let quasi: [String]
    /// The size of each class, rising.
    package let sizes: [Int]
    /// One for each sensitive column that is no quasi-identifier.
    package let diversity: [Diversity]

    /// The size of the smallest class.
    package var k: Int { sizes.first ?? 0 }
    /// The number of classes.
    package var classes: Int { sizes.count }
    /// The number of rows that no other row equals.
    package var unique: Int { sizes.count { $0 == 1 } }

    /// Measures a dataset; columns that it lacks are ignored, and rows count, not units.
    package init(_ table: DatasetTable, quasi: [String]) {
        let indexes = table.description.columns.indices.filter { quasi.contains(table.description.columns[$0].name) }
        let rows = Dictionary(grouping: 0..<table.rowCount) { row in indexes.map { table.value(column: $0, row: row) } }
        self.quasi = indexes.map { table.description.columns[$0].name }
        sizes = rows.values.map(\.count).sorted()
        diversity = table.description.columns.enumerated().compactMap { index, column in
            guard column.isSensitive, !indexes.contains(index) else { return nil }
            let values = (0..<table.rowCount).map { table.value(column: index, row: $0) }
            let ranks = Dictionary(uniqueKeysWithValues: Set(values).sorted().enumerated().map { ($1, $0) })
            let counts = rows.values.map { members in
                var counts = [Int](repeating: 0, count: ranks.count)
                for row in members { counts[ranks[values[row]] ?? 0] += 1 }
                return counts
            }
            return Diversity(column: column.name, counts, isOrdered: column.codes == nil)
        }
    }
}

extension AnonymityReport.Diversity {
    /// Measures classes given as counts of each value, values in rising order.
    package init(column: String, _ classes: [[Int]], isOrdered: Bool) {
        self.column = column
        let least = classes.map { counts in counts.count { $0 > 0 } }.min() ?? 0
        distinct = least
        entropy = classes.map(Self.entropy).min() ?? 0
        recursiveC =
            classes.map { counts in
                let falling = counts.sorted(by: >)
                return Double(falling[0]) / Double(falling.dropFirst(least - 1).reduce(0, +))
            }.max() ?? 0
        let whole = (classes.first ?? []).indices.map { value in classes.reduce(0) { $0 + $1[value] } }
        closeness = classes.map { Self.distance($0, whole, isOrdered) }.max() ?? 0
    }

    private static func entropy(_ counts: [Int]) -> Double {
        let total = Double(counts.reduce(0, +))
        return exp(counts.filter { $0 > 0 }.reduce(0.0) { $0 - Double($1) / total * log(Double($1) / total) })
    }

    private static func distance(_ counts: [Int], _ whole: [Int], _ isOrdered: Bool) -> Double {
        let (size, total) = (Double(counts.reduce(0, +)), Double(whole.reduce(0, +)))
        let differences = zip(counts, whole).map { Double($0) / size - Double($1) / total }
        guard isOrdered else { return differences.reduce(0) { $0 + abs($1) } / 2 }
        var (moved, sum) = (0.0, 0.0)
        for difference in differences {
            moved += difference
            sum += abs(moved)
        }
        return counts.count > 1 ? sum / Double(counts.count - 1) : 0
    }
}

extension DatasetTable {
    // A value as a number that orders numbers as numbers; a missing one is the least.
    fileprivate func value(column: Int, row: Int) -> Int64 {
        switch columns[column] {
        case .codes(let values): values[row] == Column.missingCode ? -1 : Int64(values[row])
        case .numbers(let values): values[row]
        case .identifiers(let values, _): Int64(values[row])
        }
    }
}
