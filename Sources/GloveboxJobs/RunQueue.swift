/// Whose job runs next: the oldest of the project that has waited longest for a turn.
///
/// First in, first out within a project, round-robin between projects, so that no project's many jobs keep another's out.
/// Jobs without a project count by their submitter.
///
/// Source: job-backend section 7.2.
package struct RunQueue: Sendable {
    /// When each last had a turn, as an index of the journal.
    private var turns: [String: UInt64] = [:]

    /// A queue whose parties had their last turns at these indexes of the journal.
    package init(turns: [String: UInt64] = [:]) { self.turns = turns }

    /// Notes that a job has its turn, at this index of the journal.
    package mutating func serve(_ job: Job, at index: UInt64) { turns[Self.party(job)] = index }

    /// The jobs that wait in the order of their turns, given oldest first; it can change with every job that comes.
    package func order(_ waiting: [Job]) -> [Job] {
        // Who never had a turn comes in the order of submission.
        var parties: [String: (first: Int, count: Int)] = [:]
        let ranked = waiting.enumerated().map { place, job in
            let party = Self.party(job)
            let (first, round) = parties[party] ?? (place, 0)
            parties[party] = (first, round + 1)
            return (round: round, turn: turns[party] ?? 0, first: first, job: job)
        }
        // Each party's oldest, then each one's next.
        return ranked.sorted { ($0.round, $0.turn, $0.first) < ($1.round, $1.turn, $1.first) }.map(\.job)
    }

    /// The place of a job among those that wait, from 1; nil when it does not wait.
    package func place(of id: String, among waiting: [Job]) -> Int? {
        order(waiting).firstIndex { $0.id == id }.map { $0 + 1 }
    }

    /// Who shares one turn with others.
    package static func party(_ job: Job) -> String { job.project.isEmpty ? job.submitter : job.project }
}
