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

    private static func nested(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        keeping kept: Int
    ) -> [Subset: Contributions] {
        let (first, second) = (places(new), places(old))
        var inside: [Subset: Int] = [:]
        var sizes: (new: [Int: Int], old: [Int: Int]) = ([:], [:])
        let pairs = matched(new, old)
        for (a, b) in pairs {
            let mine = a.map { first($0) } ?? [:]
            let theirs = b.map { second($0) } ?? [:]
            for place in mine.keys { sizes.new[place, default: 0] += 1 }
            for place in theirs.keys { sizes.old[place, default: 0] += 1 }
            for place in mine.keys {
                for other in theirs.keys {
                    inside[Subset(release: old.id, new: place, old: other), default: 0] += 1
                }
            }
        }
        let candidates = inside.filter { subset, shared in
            let (a, b) = (sizes.new[subset.new] ?? 0, sizes.old[subset.old] ?? 0)
            return a != b && shared == min(a, b)
        }.keys
        let byNew = Dictionary(grouping: candidates) { $0.new }
        let byOld = Dictionary(grouping: candidates) { $0.old }
        var found: [Subset: Contributions] = [:]
        for (a, b) in pairs {
            let mine = a.map { first($0) } ?? [:]
            let theirs = b.map { second($0) } ?? [:]
            for (place, value) in mine {
                for subset in byNew[place] ?? [] where theirs[subset.old] == nil {
                    found[subset, default: .init(keeping: kept)].add(value)
                }
            }
            for (place, value) in theirs {
                for subset in byOld[place] ?? [] where mine[subset.new] == nil {
                    found[subset, default: .init(keeping: kept)].add(value)
                }
            }
        }
        return found
    }

    // The unit's part of the sum of each place that holds it.
    private static func places(_ record: ReleaseRecord) -> (ReleaseRecord.Entry) -> [Int: Int64] {
        let margins = Margins(sizes: record.sizes)
        return { entry in
            var parts: [Int: Int64] = [:]
            for (cell, value) in zip(entry.cells, entry.values) {
                for place in margins.containing(cell) {
                    let (sum, overflow) = parts[place, default: 0].addingReportingOverflow(value)
                    parts[place] = overflow ? (value < 0 ? Int64.min : Int64.max) : sum
                }
            }
            return parts
        }
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
