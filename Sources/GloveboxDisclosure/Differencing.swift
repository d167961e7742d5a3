package import GloveboxCore

/// Finds sets of units that two releases give away together: nearly equal, but not equal.
///
/// The sets of a release are its cells, its margins, the whole table, and the complement of each in the base population.
/// Sizes of intersections of plain sets are counted once; those with complements follow from them.
/// Source: release policy section 6.
package struct Differencing: Sendable {
    /// Two sets that differ in too few units.
    package struct Hit: Hashable, Sendable {
        /// The earlier release.
        package let release: String
        /// The place in the new table, and whether its complement is meant.
        package let new: (place: Int, isComplement: Bool)
        /// The place in the earlier table, and whether its complement is meant.
        package let old: (place: Int, isComplement: Bool)
        /// How many units they differ in.
        package let difference: Int

        package static func == (left: Self, right: Self) -> Bool {
            left.release == right.release && left.new == right.new && left.old == right.old
                && left.difference == right.difference
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(release)
            hasher.combine(new.place)
            hasher.combine(old.place)
            hasher.combine(difference)
        }
    }

    // The sets of one record: places by number, and the base population as one more. Marked cells are not shown, and a
    // margin is what is shown of it: a total from elsewhere would complete it.
    private struct Family {
        let margins: Margins
        let marked: Set<Int>
        var population: Int { margins.placeCount }
        var sizes: [Int]

        init(_ record: ReleaseRecord, _ groups: [(cells: [Int]?, units: Int)]) {
            margins = Margins(sizes: record.sizes)
            marked = Set(record.marked)
            sizes = [Int](repeating: 0, count: margins.placeCount + 1)
            for (cells, units) in groups {
                guard let cells else { continue }
                for set in sets(cells) { sizes[set] += units }
            }
        }

        func sets(_ cells: [Int]) -> [Int] {
            let shown = marked.isEmpty ? cells : cells.filter { !marked.contains($0) }
            guard shown.count != 1 else { return margins.containing(shown[0]) + [population] }
            return Array(Set(shown.flatMap(margins.containing))) + [population]
        }

        // Every set of the family with its size; an empty set tells nothing and is left out.
        var members: [(place: Int, isComplement: Bool, size: Int)] {
            var members: [(place: Int, isComplement: Bool, size: Int)] = []
            for place in 0..<population where sizes[place] > 0 {
                members.append((place, false, sizes[place]))
                let rest = sizes[population] - sizes[place]
                if rest > 0 { members.append((place, true, rest)) }
            }
            return members.sorted { $0.size < $1.size }
        }
    }

    // How many units the sets of one release share with those of another.
    private struct Intersections {
        // How many units each group has that is in both releases.
        private let counts: [Int]
        // The groups in each set of the new release, and the sets of the old one that each group is in.
        private var groups: [[Int]]
        private let olds: [[Int]]

        init(_ all: [CellPairs.Group], _ first: Family, _ second: Family) {
            let both = all.filter { $0.new != nil && $0.old != nil }
            counts = both.map(\.units)
            groups = [[Int]](repeating: [], count: first.population + 1)
            for (number, group) in both.enumerated() {
                for set in first.sets(group.new ?? []) { groups[set].append(number) }
            }
            olds = both.map { second.sets($0.old ?? []) }
        }

        // What a set of the new release shares with each of the old one.
        func fill(_ set: Int, _ row: inout [Int]) {
            for other in row.indices { row[other] = 0 }
            for group in groups[set] { for other in olds[group] { row[other] += counts[group] } }
        }
    }

    /// Compares a new release with one of the history: sets that differ in 1 to `minimum` - 1 units are hits.
    ///
    /// Work grows with the units and with the product of the numbers of cells. At most `limit` hits are returned.
    ///
    /// - Throws: `differencing.groups`, and what reading the records throws.
    package static func hits(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        minimum: Int,
        limit: Int = 100
    ) throws(GloveboxError) -> [Hit] {
        let groups = try CellPairs(new, old).groups
        let first = Family(new, groups.map { ($0.new, $0.units) })
        let second = Family(old, groups.map { ($0.old, $0.units) })
        let common = Intersections(groups, first, second)
        let olds = second.members
        var mine = [Int](repeating: 0, count: second.population + 1)
        common.fill(first.population, &mine)
        // What one set of the new release shares with each of the old one.
        var shared = [Int](repeating: 0, count: second.population + 1)
        var hits: [Hit] = []
        for a in first.members {
            var index = lowerBound(olds, a.size - minimum + 1)
            guard index < olds.count, olds[index].size < a.size + minimum else { continue }
            common.fill(a.place, &shared)
            while index < olds.count, olds[index].size < a.size + minimum {
                let b = olds[index]
                index += 1
                let plain = shared[b.place]
                let both =
                    switch (a.isComplement, b.isComplement) {
                    case (false, false): plain
                    case (true, false): mine[b.place] - plain
                    case (false, true): shared[second.population] - plain
                    case (true, true):
                        mine[second.population] - shared[second.population] - mine[b.place] + plain
                    }
                let difference = a.size + b.size - 2 * both
                guard difference > 0, difference < minimum else { continue }
                hits.append(
                    Hit(
                        release: old.id,
                        new: (a.place, a.isComplement),
                        old: (b.place, b.isComplement),
                        difference: difference
                    )
                )
                if hits.count == limit { return hits }
            }
        }
        return hits
    }

    private static func lowerBound(_ members: [(place: Int, isComplement: Bool, size: Int)], _ size: Int) -> Int {
        var (low, high) = (0, members.count)
        while low < high {
            let middle = (low + high) / 2
            if members[middle].size < size { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The rule for published numbers alone: a difference of two counts that is not zero and below the minimum.
    package static func isUnsafe(_ a: Int64, _ b: Int64, minimum: Int64) -> Bool {
        let difference = (a - b).magnitude
        return difference > 0 && difference < minimum.magnitude
    }
}
