package import GloveboxCore
package import GloveboxPolicy

extension Differencing {
    /// Sets of two releases of which one holds the other, and the units between them, whose sum an attacker can compute.
    package struct Subset: Hashable, Sendable {
        /// The earlier release.
        package let release: String
        /// The place in the new table.
        package let new: Int
        /// The place in the earlier table.
        package let old: Int
    }

    /// Finds nested sets whose difference is a sum that few units dominate, or that has a contribution below zero.
    ///
    /// Both releases hold a sum or mean of one variable. The difference of a unit's parts is what it contributes.
    /// Source: release policy section 6, step 4.
    ///
    /// - Throws: as ``hits(_:_:minimum:limit:)``.
    package static func dominated(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        by check: DominanceCheck,
        zeros: ThresholdCheck.Kind
    ) throws(GloveboxError) -> [Subset] {
        guard let variable = new.variable, variable == old.variable else { return [] }
        return try nested(new, old, keeping: check.depth)
            .filter { $0.rest.hasNegative || check.isUnsafe($0.rest, zeros: zeros) }
            .map { Subset(release: old.id, new: $0.pair.new, old: $0.pair.old) }
            .sorted { ($0.new, $0.old) < ($1.new, $1.old) }
    }

    // A place of the new table and one of the earlier.
    private struct PlacePair {
        let new: Int
        let old: Int
    }

    // What the units of a group add to each place that holds them.
    private struct Parts {
        let places: [Int]
        // One for each place, or one for all of them where every unit has one cell.
        var sums: [Contributions]

        init(_ cells: [Int], _ margins: Margins, keeping kept: Int) {
            places = cells.count == 1 ? margins.containing(cells[0]) : Array(Set(cells.flatMap(margins.containing)))
            sums = Array(repeating: .init(keeping: kept), count: cells.count == 1 ? 1 : places.count)
        }

        subscript(index: Int) -> Contributions { sums[sums.count == 1 ? 0 : index] }

        func largest(_ index: Int) -> Int64 { sums[sums.count == 1 ? 0 : index].largest.first ?? Int64.min }

        mutating func add(_ entry: UnitEntries.Entry, _ margins: Margins, units: Int) {
            if entry.cells.count == 1 { return sums[0].add(entry.values[0], times: units) }
            for (index, place) in places.enumerated() {
                var part: Int64 = 0
                for (cell, value) in zip(entry.cells, entry.values) where margins.containing(cell).contains(place) {
                    let (sum, overflow) = part.addingReportingOverflow(value)
                    part = overflow ? (value < 0 ? Int64.min : Int64.max) : sum
                }
                sums[index].add(part, times: units)
            }
        }
    }

    // What the units in both of two sets add to one of them.
    private struct Shared {
        var count = 0
        var total: Int128 = 0
        var negatives = 0

        init() {}

        init(_ part: Contributions) { (count, total, negatives) = (part.count, part.total, part.negatives) }

        mutating func add(_ part: Shared) {
            count += part.count
            total += part.total
            negatives += part.negatives
        }
    }

    // One family of sets: the groups of each place, those with the largest parts first, and what they add up to.
    private struct Holders {
        let parts: [Parts]
        // What each group adds to each of its places, without the largest.
        let sums: [[Shared]]
        private(set) var groups: [[(group: Int, index: Int, largest: Int64)]]
        private(set) var whole: [Shared]

        init(_ parts: [Parts], places: Int) {
            self.parts = parts
            sums = parts.map { part in part.sums.map(Shared.init) }
            groups = Array(repeating: [], count: places)
            whole = Array(repeating: Shared(), count: places)
            for (number, group) in parts.enumerated() {
                for (index, place) in group.places.enumerated() {
                    groups[place].append((number, index, group.largest(index)))
                    whole[place].add(sum(number, index))
                }
            }
            for place in groups.indices { groups[place].sort { $0.largest > $1.largest } }
        }

        func sum(_ group: Int, _ index: Int) -> Shared { sums[group][sums[group].count == 1 ? 0 : index] }
    }

    // All pairs of sets of which one holds the other and more, and what is in it beside the other.
    private static func nested(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        keeping kept: Int
    ) throws(GloveboxError) -> [(pair: PlacePair, rest: Contributions)] {
        let margins = (Margins(sizes: new.sizes), Margins(sizes: old.sizes))
        let groups = try grouped(new, old, margins, keeping: kept)
        let mine = Holders(groups.mine, places: margins.0.placeCount)
        let theirs = Holders(groups.theirs, places: margins.1.placeCount)
        var all: [(pair: PlacePair, rest: Contributions)] = []
        // What the units of one place of the new table that are in each of the old one add to either.
        var inside = [(mine: Shared, theirs: Shared)](repeating: (Shared(), Shared()), count: theirs.whole.count)
        for place in mine.groups.indices where !mine.groups[place].isEmpty {
            var met: [Int] = []
            for (group, index, _) in mine.groups[place] {
                let part = mine.sum(group, index)
                for (j, other) in theirs.parts[group].places.enumerated() {
                    if inside[other].mine.count == 0, inside[other].theirs.count == 0 { met.append(other) }
                    inside[other].mine.add(part)
                    inside[other].theirs.add(theirs.sum(group, j))
                }
            }
            for other in met {
                let shared = inside[other]
                inside[other] = (Shared(), Shared())
                let (a, b) = (mine.whole[place].count, theirs.whole[other].count)
                guard a != b, shared.mine.count == min(a, b) else { continue }
                let rest =
                    a > b
                    ? rest(mine, of: place, shared.mine, theirs.parts, without: other, kept)
                    : rest(theirs, of: other, shared.theirs, mine.parts, without: place, kept)
                all.append((PlacePair(new: place, old: other), rest))
            }
        }
        return all
    }

    // The parts of a set that are not in the other: numbers and sums by subtraction, the largest by a look at few groups.
    private static func rest(
        _ holders: Holders,
        of place: Int,
        _ shared: Shared,
        _ others: [Parts],
        without other: Int,
        _ kept: Int
    ) -> Contributions {
        var rest = Contributions(keeping: kept)
        let whole = holders.whole[place]
        rest.count(
            whole.count - shared.count,
            total: whole.total - shared.total,
            negatives: whole.negatives - shared.negatives
        )
        for (group, index, largest) in holders.groups[place] {
            let part = holders.parts[group][index]
            guard !part.largest.isEmpty, rest.wouldKeep(largest) else { break }
            guard !others[group].places.contains(other) else { continue }
            for value in part.largest { rest.keep(value) }
        }
        return rest
    }

    // The parts of the units in each release; units with the same cells in both are one group.
    private static func grouped(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        _ margins: (Margins, Margins),
        keeping kept: Int
    ) throws(GloveboxError) -> (mine: [Parts], theirs: [Parts]) {
        var mine: [Parts] = []
        var theirs: [Parts] = []
        _ = try CellPairs(new, old) { group, a, b, units in
            if group == mine.count {
                mine.append(Parts(a?.cells ?? [], margins.0, keeping: kept))
                theirs.append(Parts(b?.cells ?? [], margins.1, keeping: kept))
            }
            if let a { mine[group].add(a, margins.0, units: units) }
            if let b { theirs[group].add(b, margins.1, units: units) }
        }
        return (mine, theirs)
    }
}
