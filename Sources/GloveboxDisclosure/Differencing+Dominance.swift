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
    package static func dominated(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        by check: DominanceCheck,
        zeros: ThresholdCheck.Kind
    ) -> [Subset] {
        guard let variable = new.variable, variable == old.variable else { return [] }
        return nested(new, old, keeping: check.depth)
            .filter { $0.rest.hasNegative || check.isUnsafe($0.rest, zeros: zeros) }
            .map { Subset(release: old.id, new: $0.pair.new, old: $0.pair.old) }
            .sorted { ($0.new, $0.old) < ($1.new, $1.old) }
    }

    // A place of the new table and one of the earlier.
    private struct PlacePair: Hashable {
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

        mutating func add(_ entry: ReleaseRecord.Entry, _ margins: Margins) {
            if entry.cells.count == 1 { return sums[0].add(entry.values[0]) }
            for (index, place) in places.enumerated() {
                var part: Int64 = 0
                for (cell, value) in zip(entry.cells, entry.values) where margins.containing(cell).contains(place) {
                    let (sum, overflow) = part.addingReportingOverflow(value)
                    part = overflow ? (value < 0 ? Int64.min : Int64.max) : sum
                }
                sums[index].add(part)
            }
        }
    }

    // What the units in both of two sets add to one of them.
    private struct Shared {
        var count = 0
        var total: Int128 = 0
        var negatives = 0

        mutating func add(_ part: Contributions) {
            count += part.count
            total += part.total
            negatives += part.negatives
        }
    }

    // One family of sets: the groups of each place, those with the largest parts first, and what they add up to.
    private struct Holders {
        let parts: [Parts]
        private(set) var groups: [Int: [(group: Int, index: Int, largest: Int64)]] = [:]
        private(set) var whole: [Int: Shared] = [:]

        init(_ parts: [Parts]) {
            self.parts = parts
            for (number, group) in parts.enumerated() {
                for (index, place) in group.places.enumerated() {
                    let part = group[index]
                    groups[place, default: []].append((number, index, part.largest.first ?? Int64.min))
                    whole[place, default: Shared()].add(part)
                }
            }
            for place in groups.keys { groups[place]?.sort { $0.largest > $1.largest } }
        }
    }

    // All pairs of sets of which one holds the other and more, and what is in it beside the other.
    private static func nested(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        keeping kept: Int
    ) -> [(pair: PlacePair, rest: Contributions)] {
        let groups = grouped(new, old, keeping: kept)
        let (mine, theirs) = (Holders(groups.mine), Holders(groups.theirs))
        var inside: [PlacePair: (mine: Shared, theirs: Shared)] = [:]
        for (a, b) in zip(groups.mine, groups.theirs) {
            for (i, place) in a.places.enumerated() {
                for (j, other) in b.places.enumerated() {
                    add(a[i], b[j], to: &inside[PlacePair(new: place, old: other), default: (Shared(), Shared())])
                }
            }
        }
        func add(_ mine: Contributions, _ theirs: Contributions, to sums: inout (mine: Shared, theirs: Shared)) {
            sums.mine.add(mine)
            sums.theirs.add(theirs)
        }
        return inside.compactMap { pair, shared in
            let (a, b) = (mine.whole[pair.new]?.count ?? 0, theirs.whole[pair.old]?.count ?? 0)
            guard a != b, shared.mine.count == min(a, b) else { return nil }
            let rest =
                a > b
                ? rest(mine, of: pair.new, shared.mine, theirs.parts, without: pair.old, kept)
                : rest(theirs, of: pair.old, shared.theirs, mine.parts, without: pair.new, kept)
            return (pair, rest)
        }
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
        let whole = holders.whole[place] ?? Shared()
        rest.count(
            whole.count - shared.count,
            total: whole.total - shared.total,
            negatives: whole.negatives - shared.negatives
        )
        for (group, index, largest) in holders.groups[place] ?? [] {
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
        keeping kept: Int
    ) -> (mine: [Parts], theirs: [Parts]) {
        let margins = (Margins(sizes: new.sizes), Margins(sizes: old.sizes))
        var numbers: [CellPair: Int] = [:]
        var mine: [Parts] = []
        var theirs: [Parts] = []
        for (a, b) in matched(new, old) {
            let pair = CellPair(new: a.map { new.entries[$0].cells } ?? [], old: b.map { old.entries[$0].cells } ?? [])
            let number = numbers[pair] ?? mine.count
            if number == mine.count {
                numbers[pair] = number
                mine.append(Parts(pair.new, margins.0, keeping: kept))
                theirs.append(Parts(pair.old, margins.1, keeping: kept))
            }
            if let a { mine[number].add(new.entries[a], margins.0) }
            if let b { theirs[number].add(old.entries[b], margins.1) }
        }
        return (mine, theirs)
    }

    // The units of either record, each with the index of its entry in both.
    private static func matched(_ new: ReleaseRecord, _ old: ReleaseRecord) -> [(Int?, Int?)] {
        var pairs: [(Int?, Int?)] = []
        var (i, j) = (0, 0)
        while i < new.entries.count || j < old.entries.count {
            let a = i < new.entries.count ? new.entries[i].tag : nil
            let b = j < old.entries.count ? old.entries[j].tag : nil
            switch (a, b) {
            case (let a?, let b?) where a == b:
                pairs.append((i, j))
                (i, j) = (i + 1, j + 1)
            case (let a?, let b) where b.map({ a < $0 }) ?? true:
                pairs.append((i, nil))
                i += 1
            default:
                pairs.append((nil, j))
                j += 1
            }
        }
        return pairs
    }
}
