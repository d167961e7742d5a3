internal import GloveboxDisclosure

/// Which rows count: no unit has more than so many, nor in more than so many groups.
///
/// Which rows of a unit are kept depends on that unit's own values alone, so that adding or removing another unit, or
/// another order of rows, changes nothing. Source: release policy section 9.1.
struct ContributionBounds {
    let rows: Int64
    let groups: Int64

    /// Keeps the first rows of a unit, in the order in which ``CandidateRows`` has them.
    func keep(_ own: [CandidateRows.Candidate]) -> [CandidateRows.Candidate] {
        var places: Set<Int> = []
        var kept: [CandidateRows.Candidate] = []
        var left = Int(clamping: rows)
        for candidate in own where left > 0 {
            let count = min(candidate.rows, left)
            left -= count
            if places.count < groups { places.insert(candidate.place) }
            guard places.contains(candidate.place) else { continue }
            kept.append(.init(place: candidate.place, value: candidate.value, rows: count))
        }
        return kept
    }
}
