internal import GloveboxPolicy

/// Which values, and combinations of values, too few units of the real rows have.
///
/// A number counts by the first banding that the description declares for its column. Without one it counts as it is, and
/// is rare, alone or with others, when some units, but too few, have it; so is the exact value of one that has bandings.
///
/// Source: release policy section 12 (c).
struct RareValues {
    private let real: SyntheticRows
    private let units: [Int]
    private let minimum: Int

    /// Counts in real rows; `units` names the unit of each.
    init(_ real: SyntheticRows, units: [Int], minimum: Int64) {
        (self.real, self.units, self.minimum) = (real, units, Int(clamping: minimum))
    }

    /// The names of the columns in which, alone or together, made-up rows have what too few units have.
    func found(in made: SyntheticRows, maxWay: Int64) -> [[String]] {
        let columns = real.columns
        var found: [[String]] = []
        for choice in Self.choices(columns.indices.map { $0 }, upTo: Int(maxWay)) {
            let isCounted = choice.allSatisfy { Self.isCounted(columns[$0]) }
            func key(_ row: [Int64]) -> [Int64] {
                choice.map { Self.isCounted(columns[$0]) ? Self.band(row[$0], columns[$0]) : row[$0] }
            }
            let counts = counts(key)
            // A number that nobody has is nobody's; a combination of codes and bands that nobody has tells that.
            let isRare = made.rows.contains { row in (counts[key(row)] ?? (isCounted ? 0 : minimum)) < minimum }
            if isRare { found.append(choice.map { columns[$0].name }) }
            guard choice.count == 1, isCounted, columns[choice[0]].codes == nil else { continue }
            let exact = self.counts { row in [row[choice[0]]] }
            let isExactRare = made.rows.contains { row in exact[[row[choice[0]]]].map { $0 < minimum } ?? false }
            if isExactRare, !isRare { found.append([columns[choice[0]].name]) }
        }
        return found
    }

    /// The share of made-up rows that equal a real row which too few units have: that many, of all.
    func exactMatches(in made: SyntheticRows) -> Int {
        let counts = counts { $0 }
        return made.rows.count { row in counts[row].map { $0 < minimum } ?? false }
    }

    private func counts(_ key: ([Int64]) -> [Int64]) -> [[Int64]: Int] {
        var seen: [[Int64]: Set<Int>] = [:]
        for (row, unit) in zip(real.rows, units) { seen[key(row), default: []].insert(unit) }
        return seen.mapValues(\.count)
    }

    private static func isCounted(_ column: DatasetColumn) -> Bool {
        guard case .number(let number) = column.type else { return true }
        return !number.bandings.isEmpty
    }

    private static func band(_ value: Int64, _ column: DatasetColumn) -> Int64 {
        guard case .number(let number) = column.type, value != SyntheticRows.missing else { return value }
        return Int64(number.bandings.first?.band(of: value) ?? -1)
    }

    private static func choices(_ columns: [Int], upTo size: Int) -> [[Int]] {
        var all = columns.map { [$0] }
        var last = all
        for _ in 1..<max(1, size) {
            last = last.flatMap { choice in columns.filter { $0 > choice[choice.count - 1] }.map { choice + [$0] } }
            all += last
        }
        return all
    }
}
