package import GloveboxCore

/// One request to run one plan, and where it stands.
///
/// A value: the supervisor applies journal events to it and does what the returned actions say.
///
/// Source: job-backend sections 1 and 2.
package struct Job: Sendable, Hashable {
    /// Whether the job sees private or mock data.
    package enum Mode: String, Sendable, Hashable, CaseIterable {
        case real
        case mock
    }

    /// Whether a finished job has left anything behind.
    package enum Cleanup: String, Sendable, Hashable, CaseIterable {
        case pending
        case done
    }

    /// One phase and when it began.
    package struct Transition: Sendable, Hashable {
        /// The phase.
        package let phase: JobPhase
        /// When it began.
        package let at: Instant
    }

    /// `job_…`.
    package let id: String
    /// The digest of `manifest.json`.
    package let planDigest: Digest
    /// The account that submitted it.
    package let submitter: String
    /// The project, or empty.
    package let project: String
    /// Private or mock data.
    package let mode: Mode
    /// When it was submitted.
    package let created: Instant
    /// Where it stands.
    package internal(set) var phase: JobPhase
    /// Why it waits; nil once it has ended.
    package internal(set) var waiting: Waiting?
    /// Its attempts, oldest first.
    package internal(set) var runs: [JobRun] = []
    /// Every phase so far, oldest first; the first is `accepted`.
    package internal(set) var transitions: [Transition]
    /// The approvals that let it run.
    package internal(set) var approvals: [Digest] = []
    /// How often a supervisor went on with the checks that an earlier one died over.
    package internal(set) var resumedChecks = 0
    /// What the checks said; nil before.
    package internal(set) var verdict: CheckVerdict?
    /// Whether the release reviewers said yes; nil before.
    package internal(set) var review: Bool?
    /// The bundle fixed for release; nil before.
    package internal(set) var bundle: Digest?
    /// The report; nil before a release.
    package internal(set) var report: Digest?
    /// Reason codes of a denied, withheld or errored job.
    package internal(set) var reasons: [String] = []
    /// Nil until the job has ended.
    package internal(set) var cleanup: Cleanup?
    /// The journal index of the last event applied.
    package internal(set) var eventIndex: UInt64

    /// A job whose `job.submitted` event is durable at this index.
    ///
    /// `graceEnds` says when the start grace is over.
    package init(
        id: String,
        planDigest: Digest,
        submitter: String,
        project: String = "",
        mode: Mode = .real,
        created: Instant,
        graceEnds: Instant? = nil,
        eventIndex: UInt64
    ) {
        self.id = id
        self.planDigest = planDigest
        self.submitter = submitter
        self.project = project
        self.mode = mode
        self.created = created
        self.phase = .accepted
        self.waiting = Waiting(.startGrace, since: created, deadline: graceEnds)
        self.transitions = [Transition(phase: .accepted, at: created)]
        self.eventIndex = eventIndex
    }

    /// The run that is going on or was the last.
    package var lastRun: JobRun? { runs.last }

    /// What a report on the last run says; nil while the job is open or when nothing ever ran.
    package var outcome: ReportOutcome? { ReportOutcome(phase: phase, exit: lastRun?.exit) }

    /// Whether the job's code may have read data in some run.
    package var hasRun: Bool { runs.contains { $0.started != nil } }
}
