package import GloveboxCore

/// Which of the jobs that wait runs next on a node.
///
/// In the order of turns the first that fits. A smaller one passes those before it that do not fit, but none that has waited
/// for ten minutes: what becomes free is then kept until that one fits, so the large starve no more than the small.
///
/// Source: job-backend section 7.2.
package struct Scheduler: Sendable {
    /// A job that waits for a place.
    package struct Claim: Sendable, Hashable {
        /// The job.
        package let job: String
        /// When it came into the queue.
        package let since: Instant
        /// What it holds while it runs.
        package let needs: Resources

        /// States what a job waits for.
        package init(job: String, since: Instant, needs: Resources) {
            (self.job, self.since, self.needs) = (job, since, needs)
        }
    }

    /// Seconds for which a job that does not fit may be passed.
    package static let patience: Int64 = 600

    /// All that the node has.
    package let capacity: Resources

    /// A scheduler of a node.
    package init(capacity: Resources) { self.capacity = capacity }

    /// What is free while jobs with these needs run.
    package func free(beside running: some Sequence<Resources>) -> Resources {
        running.reduce(capacity) { $0.taking($1.limited(to: capacity)) }
    }

    /// What there is too little of for a job to start; nil when it fits.
    package func shortage(for needs: Resources, in free: Resources) -> Resources.Kind? {
        free.shortage(for: needs.limited(to: capacity))
    }

    /// The job that starts now, of those that wait in the order of their turns; nil when none does.
    package func next(_ waiting: some Sequence<Claim>, in free: Resources, at now: Instant) -> String? {
        for claim in waiting {
            if shortage(for: claim.needs, in: free) == nil { return claim.job }
            if claim.since.adding(seconds: Self.patience) <= now { return nil }
        }
        return nil
    }
}
