internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy

/// The rows of a table that count: no unit has more than so many, nor in more than so many groups.
///
/// Which rows of a unit are kept depends on that unit's own values alone, so that adding or removing another unit, or
/// another order of rows, changes nothing. Source: release policy section 9.1.
struct ContributionBounds {
    let rows: Int64
    let groups: Int64

    /// One row that counts and its place in the frame.
    struct Kept {
        let row: Int
        let place: Int
    }

    /// Selects from rows that passed the filters.
    func keep(_ candidates: [Kept], of table: DatasetTable, key: LineageKey, query: Digest) -> [Kept] {
        guard let units = table.unitLookup else { return candidates }
        return Dictionary(grouping: candidates) { units[$0.row] }.values.flatMap { own in
            keep(own, table, key, query)
        }
    }

    private func keep(_ own: [Kept], _ table: DatasetTable, _ key: LineageKey, _ query: Digest) -> [Kept] {
        guard own.count > 1 else { return own }
        // Rows with the same values are interchangeable, so ties need no order.
        let sorted = own.map { (tag: key.tag(query.bytes + text($0.row, table)), kept: $0) }.sorted { $0.tag < $1.tag }
        var places: Set<Int> = []
        return sorted.prefix(Int(clamping: rows)).map(\.kept).filter { kept in
            if places.count < groups { places.insert(kept.place) }
            return places.contains(kept.place)
        }
    }

    private func text(_ row: Int, _ table: DatasetTable) -> [UInt8] {
        var text: [UInt8] = []
        for column in table.columns.indices {
            text.append(0)
            text += (table.text(column: column, row: row) ?? "").utf8
        }
        return text
    }
}
