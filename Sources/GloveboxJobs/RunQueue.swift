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

    /// The next of the jobs that wait, given oldest first; nil when none does.
    package func next(_ waiting: some Sequence<Job>) -> Job? {
        // The first of equals wins, so who never had a turn comes in the order of submission.
        waiting.min { turn($0) < turn($1) }
    }

    /// The place of a job among those that wait, from 1; nil when it does not wait.
    ///
    /// It can change with every job that comes.
    package func place(of id: String, among waiting: [Job]) -> Int? {
        var queue = self
        var rest = waiting
        for place in 1...max(1, waiting.count) {
            guard let job = queue.next(rest) else { return nil }
            if job.id == id { return place }
            queue.serve(job, at: UInt64.max - UInt64(waiting.count - place))
            rest.removeAll { $0.id == job.id }
        }
        return nil
    }

    private func turn(_ job: Job) -> UInt64 { turns[Self.party(job)] ?? 0 }

    /// Who shares one turn with others.
    package static func party(_ job: Job) -> String { job.project.isEmpty ? job.submitter : job.project }
}
