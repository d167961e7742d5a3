package import GloveboxCore
package import GloveboxJobs

/// Which jobs that have ended may fit a list; whoever asks looks at each of them again.
package struct JobFilter: Sendable {
    /// Only jobs of this account, and of the projects in ``shared``.
    package var submitter: String?
    /// Projects whose jobs ``submitter`` is shown, whoever submitted them.
    package var shared: Set<String> = []
    /// Only jobs of this project.
    package var project: String?
    /// Only jobs that ended so, and those not everyone has been shown the end of at ``now``.
    package var phases: Set<JobPhase>?
    /// The moment of the question.
    package var now: Instant
    /// Only jobs whose end nobody was shown before this moment.
    package var revealedSince: Instant?
    /// Only tasks whose name begins so, byte by byte.
    package var namePrefix: String?
    /// Only tasks with all of these tags; an empty value stands for any.
    package var tags: [EndedJob.Tag] = []

    /// Every job.
    package init(at now: Instant) { self.now = now }
}
