internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs

extension JobEntry {
    /// The job as its researcher sees it.
    func shownView(at now: Instant) -> JobView {
        job.researcherView(at: seen(now), tick: tick, exact: manifest.inputs.isEmpty)
    }

    /// Its phases so far, as its researcher sees them.
    func shownTransitions(at now: Instant) -> [Job.Transition] {
        job.researcherTransitions(at: seen(now), tick: tick, exact: manifest.inputs.isEmpty)
    }

    /// The moment a researcher sees: until the declared wall-clock limit is over, a run looks as it did at its start,
    /// so that the time it really took tells nothing.
    private func seen(_ now: Instant) -> Instant {
        guard let started = job.lastRun?.started else { return now }
        return now < reveal(started) ? started : now
    }

    /// The job in the words of the API; its account stands for its submitter, unless a name is given.
    func info(
        _ view: JobView,
        _ waiting: Waiting? = nil,
        full: Bool,
        submitter: String? = nil,
        at now: Instant
    ) -> JobInfo {
        JobInfo(
            id: job.id,
            phase: view.phase,
            since: view.since,
            waiting: waiting,
            message: message(view, waiting, full: full, at: now),
            planDigest: job.planDigest,
            coreDigest: coreDigest,
            submitter: submitter ?? job.submitter,
            dataset: manifest.inputs.map(\.name).joined(separator: " + "),
            mode: job.mode,
            created: job.created,
            runs: full ? job.runs.map(Self.describe) : [],
            reasons: view.reasons,
            denied: full ? denied : [],
            receiptURL: evidence != nil && view.phase.isTerminal ? "/glovebox/v1/jobs/\(job.id)/receipt" : nil
        )
    }

    private func message(_ view: JobView, _ waiting: Waiting?, full: Bool, at now: Instant) -> String {
        if let explanation, view.phase.isTerminal, full || view.exact { return explanation }
        return waiting?.message(at: now) ?? ""
    }

    private static func describe(_ run: JobRun) -> RunInfo {
        RunInfo(number: run.number, executor: run.executor, started: run.started, ended: run.ended, exit: run.exit)
    }
}
