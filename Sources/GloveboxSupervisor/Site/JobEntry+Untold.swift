internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs

/// What a run on private data keeps from everybody but those who read private bodies: when and how it ended.
extension JobEntry {
    /// Whether code has seen private data, so that it could speak through the way it ends.
    var isUntold: Bool { !manifest.inputs.isEmpty && job.hasRun }

    /// Whether it is over, or let go, by what the run did: not by a person's word, a deadline or the supervisor's own death,
    /// of which everybody knows the moment.
    private var endsByItself: Bool {
        guard isUntold, job.lastRun?.exit != .interrupted else { return false }
        return job.phase != .cancelled && job.phase != .expired
    }

    /// The moment that stands for the run's end in all that leaves, and the first at which its report is made: keys,
    /// certificates and time stamps of a report tell when it was.
    ///
    /// For a run that was done in its declared time it follows from the start alone.
    var reportTime: Instant {
        endsByItself ? revealed : job.transitions.last?.at ?? job.created
    }

    /// Whether its researcher was told that people look at what it left.
    var wasReviewed: Bool { sealed.map { $0.tally.need > 0 } ?? false }

    /// Whether the report calls it refused, whatever kept its results inside.
    ///
    /// That the site itself failed before there was a jail is told: no program brings that about.
    func isCalledRefused(readBack: Bool) -> Bool {
        endsByItself && readBack && (job.phase == .failed || job.phase == .errored)
    }
}
