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
        let differences = nested(new, old, keeping: check.depth)
        return differences.filter { $0.value.hasNegative || check.isUnsafe($0.value, zeros: zeros) }.keys
            .sorted { ($0.new, $0.old) < ($1.new, $1.old) }
    }

    // Units with the same cells in both releases; each adds the same kind of part to the same places.
    private struct Group {
        let mine: Parts
        let theirs: Parts
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
        var groups: [Int: [(group: Int, index: Int)]] = [:]
        var whole: [Int: Shared] = [:]

        init(_ all: [Group], _ side: KeyPath<Group, Parts>) {
            for (number, group) in all.enumerated() {
                let parts = group[keyPath: side]
                for (index, place) in parts.places.enumerated() {
                    groups[place, default: []].append((number, index))
                    whole[place, default: Shared()].add(parts[index])
                }
            }
            for place in groups.keys {
                groups[place]?.sort {
                    largest(all[$0.group][keyPath: side][$0.index]) > largest(all[$1.group][keyPath: side][$1.index])
                }
            }
            func largest(_ part: Contributions) -> Int64 { part.largest.first ?? Int64.min }
        }
    }

    private static func nested(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        keeping kept: Int
    ) -> [Subset: Contributions] {
        let groups = grouped(new, old, keeping: kept)
        let (mine, theirs) = (Holders(groups, \.mine), Holders(groups, \.theirs))
        var inside: [Subset: (mine: Shared, theirs: Shared)] = [:]
        for group in groups {
            for (i, place) in group.mine.places.enumerated() {
                for (j, other) in group.theirs.places.enumerated() {
                    let subset = Subset(release: old.id, new: place, old: other)
                    inside[subset, default: (Shared(), Shared())].mine.add(group.mine[i])
                    inside[subset, default: (Shared(), Shared())].theirs.add(group.theirs[j])
                }
            }
        }
        var found: [Subset: Contributions] = [:]
        for (subset, shared) in inside {
            let (a, b) = (mine.whole[subset.new]?.count ?? 0, theirs.whole[subset.old]?.count ?? 0)
            guard a != b, shared.mine.count == min(a, b) else { continue }
            found[subset] =
                a > b
                ? rest(groups, mine, \.mine, of: subset.new, shared.mine, \.theirs, without: subset.old, kept)
                : rest(groups, theirs, \.theirs, of: subset.old, shared.theirs, \.mine, without: subset.new, kept)
        }
        return found
    }

    // The parts of a set that are not in the other: numbers and sums by subtraction, the largest by a look at few groups.
    private static func rest(
        _ groups: [Group],
        _ holders: Holders,
        _ side: KeyPath<Group, Parts>,
        of place: Int,
        _ shared: Shared,
        _ otherSide: KeyPath<Group, Parts>,
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
        for (group, index) in holders.groups[place] ?? [] {
            let part = groups[group][keyPath: side][index]
            guard let largest = part.largest.first, rest.wouldKeep(largest) else { break }
            guard !groups[group][keyPath: otherSide].places.contains(other) else { continue }
            for value in part.largest { rest.keep(value) }
        }
        return rest
    }

    private static func grouped(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        keeping kept: Int
    ) -> [Group] {
        let margins = (Margins(sizes: new.sizes), Margins(sizes: old.sizes))
        var numbers: [CellPair: Int] = [:]
        var mine: [Parts] = []
        var theirs: [Parts] = []
        for (a, b) in matched(new, old) {
            let pair = CellPair(new: a?.cells ?? [], old: b?.cells ?? [])
            let number = numbers[pair] ?? mine.count
            if number == mine.count {
                numbers[pair] = number
                mine.append(Parts(pair.new, margins.0, keeping: kept))
                theirs.append(Parts(pair.old, margins.1, keeping: kept))
            }
            if let a { mine[number].add(a, margins.0) }
            if let b { theirs[number].add(b, margins.1) }
        }
        return zip(mine, theirs).map { Group(mine: $0, theirs: $1) }
    }

    // The units of either record, each with its entry in both.
    private static func matched(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord
    ) -> [(ReleaseRecord.Entry?, ReleaseRecord.Entry?)] {
        var pairs: [(ReleaseRecord.Entry?, ReleaseRecord.Entry?)] = []
        var (i, j) = (0, 0)
        while i < new.entries.count || j < old.entries.count {
            let a = i < new.entries.count ? new.entries[i] : nil
            let b = j < old.entries.count ? old.entries[j] : nil
            switch (a, b) {
            case (let a?, let b?) where a.tag == b.tag:
                pairs.append((a, b))
                (i, j) = (i + 1, j + 1)
            case (let a?, let b) where b.map({ a.tag < $0.tag }) ?? true:
                pairs.append((a, nil))
                i += 1
            default:
                pairs.append((nil, b))
                j += 1
            }
        }
        return pairs
    }
}
