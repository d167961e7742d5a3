package import GloveboxCore

/// Why a job waits, for whom, and since when.
///
/// Source: job-backend section 2.1.
package struct Waiting: Sendable, Hashable {
    /// A stable reason.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        case startGrace = "start.grace"
        case approvalQuorum = "approval.quorum"
        case approvalExpired = "approval.expired"
        case approvalRevoked = "approval.revoked"
        case slots = "capacity.slots"
        case memory = "capacity.memory"
        case disk = "capacity.disk"
        case quota = "quota.concurrent"
        case quotaRuns = "quota.runs"
        case quotaBytes = "quota.bytes"
        case quotaProcessor = "quota.cpu"
        case node = "node.unavailable"
        case scheduler = "scheduler.pending"
        case dataset = "dataset.unavailable"
        case sitePaused = "site.paused"
        case projectPaused = "project.paused"
        case schedule = "schedule.window"
        case log = "log.unavailable"
        case logQuorum = "log.quorum"
        case reviewQuorum = "review.quorum"
        case reviewReturned = "review.returned"
        case runActive = "run.active"
        case checkActive = "check.active"
    }

    /// A machine that cannot run the job, and what it lacks.
    package struct Shortcoming: Sendable, Hashable {
        /// Its name at the site.
        package let node: String
        /// Names of protections.
        package let lacks: [String]

        /// Describes one.
        package init(node: String, lacks: [String]) { (self.node, self.lacks) = (node, lacks) }
    }

    /// One party that has to act.
    package enum Party: Sendable, Hashable {
        /// Accounts that hold a role: how many are needed and how many have acted.
        case role(Role, need: Int, have: Int)
        /// The owner of a dataset.
        case datasetOwner(String, need: Int, have: Int)
        /// The researcher who submitted the job.
        case submitter
        /// A free place to run: the job's own place in the queue, from 1.
        case place(Int)
        /// A witness of the log, by its name in the site's log policy.
        case witness(String)
        /// A cluster's scheduler, its own id of the job and why it waits there; both empty where that is not known.
        case cluster(String, job: String, reason: String)
        /// A node with full isolation; those that have come without it.
        case isolation([Shortcoming])
    }

    /// The stable reason.
    package let code: Code
    /// When this reason began.
    package let since: Instant
    /// When the job expires if nothing happens, or nil.
    package let deadline: Instant?
    /// Who has to act; empty when it is the site's turn.
    package let waitingOn: [Party]

    /// Describes a wait.
    package init(_ code: Code, since: Instant, deadline: Instant? = nil, on waitingOn: [Party] = []) {
        self.code = code
        self.since = since
        self.deadline = deadline
        self.waitingOn = waitingOn
    }

    /// The same wait for a new reason keeps `since` only when the reason is the same.
    package func carrying(from previous: Waiting?) -> Waiting {
        guard let previous, previous.code == code else { return self }
        return Waiting(code, since: previous.since, deadline: deadline, on: waitingOn)
    }

    /// One sentence: for whom, since when, how long.
    package func message(at now: Instant) -> String {
        let clock = since.text.dropFirst(11).prefix(5)
        let seconds = max(0, (now.milliseconds - since.milliseconds) / 1000)
        return "\(subject), since \(clock) UTC (\(Self.words(seconds: seconds)))."
    }

    private var subject: String {
        let parties = waitingOn.compactMap(\.words)
        guard parties.isEmpty else { return "Waiting for " + parties.joined(separator: " and ") }
        return switch code {
        case .startGrace: "Waiting for the start grace to pass"
        case .approvalQuorum, .approvalExpired, .approvalRevoked: "Waiting for approval"
        case .slots, .memory: "Waiting for a free place to run"
        case .disk: "Waiting for room on the site's disk"
        case .quota: "Waiting for your earlier jobs"
        case .quotaRuns: "The project's runs are used up"
        case .quotaBytes: "The project's released bytes are used up"
        case .quotaProcessor: "Waiting for the project's processor time of the day"
        case .node, .scheduler: "Waiting for a node"
        case .dataset: "Waiting for the dataset to be available"
        case .sitePaused: "The site is paused"
        case .projectPaused: "The project is paused"
        case .schedule: "Waiting for the time window of the plan"
        case .log: "Waiting for the log to be writable"
        case .logQuorum: "Waiting for the log's witnesses"
        case .reviewQuorum: "Waiting for release reviewers"
        case .reviewReturned: "Waiting for the researcher"
        case .runActive: "Running"
        case .checkActive: "Outputs are being checked"
        }
    }

    /// A duration in its largest unit: `42 s`, `5 min`, `3 h`, `2 d`.
    package static func words(seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) d"
        }
    }
}

extension Waiting.Party {
    /// What is still missing, in words; nil when nothing is.
    fileprivate var words: String? {
        switch self {
        case .role(let role, let need, let have):
            guard need > have else { return nil }
            let missing = need - have
            return "\(missing)\(have > 0 ? " more" : "") \(role.rawValue)\(missing == 1 ? "" : "s")"
        case .datasetOwner(let dataset, let need, let have):
            return need > have ? "the owner of \(Display.escape(dataset))" : nil
        case .submitter:
            return "the researcher"
        case .place(let place):
            return "a free place to run (\(place == 1 ? "next" : "number \(place)") in the queue)"
        case .witness(let name):
            return "the witness \(Display.escape(name))"
        case .cluster(let name, let job, let reason):
            let place = job.isEmpty ? "" : " job \(Display.escape(job))"
            return Display.escape(name) + place + (reason.isEmpty ? "" : " (\(Display.escape(reason)))")
        case .isolation(let nodes):
            let lacking = nodes.map { "\($0.node) lacks \($0.lacks.joined(separator: ", "))" }
            let known = lacking.isEmpty ? "" : " (\(Display.escape(lacking.joined(separator: "; "))))"
            return "a node with full isolation" + known
        }
    }
}
