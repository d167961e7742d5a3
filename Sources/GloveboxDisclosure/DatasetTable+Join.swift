package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

extension DatasetTable {
    /// Each row, in order, with every row that the same unit has in the other table; units of one table alone are left out.
    ///
    /// - Throws: `join.unit` for a table without ids, `join.too-large`.
    package func joined(
        with other: DatasetTable,
        as description: DatasetDescription
    ) throws(GloveboxError) -> DatasetTable {
        guard case (.identifiers(let mine, let names), _)? = unitIdentifiers,
            case (.identifiers(let theirs, let theirNames), let unit)? = other.unitIdentifiers
        else { throw GloveboxError("join.unit", "a table without ids of its privacy unit cannot be joined") }
        var rowsOfUnit = [[Int]](repeating: [], count: theirNames.count)
        for (row, unit) in theirs.enumerated() { rowsOfUnit[Int(unit)].append(row) }
        let known = ByteTable(theirNames)
        let partners = names.map { name -> [Int] in
            let bytes = Array(name.utf8)
            return known.number(of: bytes.span).map { rowsOfUnit[$0] } ?? []
        }
        let most = Self.mostBytes / max(1, description.rowBytes)
        var (left, right): ([Int], [Int]) = ([], [])
        for (row, unit) in mine.enumerated() {
            guard left.count + partners[Int(unit)].count <= most else {
                throw GloveboxError(
                    "join.too-large",
                    "the join has more than \(most) rows, and has them all in memory"
                )
            }
            for partner in partners[Int(unit)] {
                left.append(row)
                right.append(partner)
            }
        }
        let theirColumns = other.columns.indices.filter { $0 != unit }.map { other.columns[$0] }
        return DatasetTable(
            description: description,
            rowCount: left.count,
            columns: columns.map { $0.rows(left) } + theirColumns.map { $0.rows(right) }
        )
    }

    private var unitIdentifiers: (Column, Int)? {
        guard description.privacyUnit.kind == .id, let index = index(of: description.privacyUnit.column) else {
            return nil
        }
        return (columns[index], index)
    }
}

extension DatasetTable.Column {
    /// The values of some rows; ids are numbered anew, in order of first appearance.
    fileprivate func rows(_ rows: [Int]) -> Self {
        switch self {
        case .codes(let values): return .codes(rows.map { values[$0] })
        case .numbers(let values): return .numbers(rows.map { values[$0] })
        case .identifiers(let values, let names):
            var numbers = [UInt32?](repeating: nil, count: names.count)
            var kept: [String] = []
            let renumbered = rows.map { row -> UInt32 in
                let old = Int(values[row])
                if let number = numbers[old] { return number }
                let number = UInt32(kept.count)
                numbers[old] = number
                kept.append(names[old])
                return number
            }
            return .identifiers(renumbered, names: kept)
        }
    }
}
