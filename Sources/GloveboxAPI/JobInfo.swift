package import GloveboxCore
package import GloveboxJobs

/// A job, as its reader may see it: `GET /jobs/{id}` and the items of `GET /jobs`.
package struct JobInfo: APIValue {
    /// `job_…`.
    package let id: String
    /// Where it stands.
    package let phase: JobPhase
    /// When that phase began.
    package let since: Instant
    /// Why it waits; nil once it has ended.
    package let waiting: Waiting?
    /// The sentence for people that goes with it.
    package let message: String
    /// The plan.
    package let planDigest: Digest
    /// The part of the plan that a mock and a real run share.
    package let coreDigest: Digest
    /// The account that submitted it.
    package let submitter: String
    /// The dataset's name.
    package let dataset: String
    /// Private or mock data.
    package let mode: Job.Mode
    /// When it was submitted.
    package let created: Instant
    /// Its attempts, oldest first.
    package let runs: [RunInfo]
    /// Reason codes of a job that ended without a release.
    package let reasons: [String]
    /// The actions the jail refused, as far as the policy tells.
    package let denied: [String]
    /// Where its receipt can be had; nil before.
    package let receiptURL: String?
    /// The rounds of its review that ended with questions, oldest first; told of one job, not in lists.
    package var rounds: [ReviewRound] = []

    /// Describes a job.
    package init(
        id: String,
        phase: JobPhase,
        since: Instant,
        waiting: Waiting?,
        message: String,
        planDigest: Digest,
        coreDigest: Digest,
        submitter: String,
        dataset: String,
        mode: Job.Mode,
        created: Instant,
        runs: [RunInfo] = [],
        reasons: [String] = [],
        denied: [String] = [],
        receiptURL: String? = nil
    ) {
        self.id = id
        self.phase = phase
        self.since = since
        self.waiting = waiting
        self.message = message
        self.planDigest = planDigest
        self.coreDigest = coreDigest
        self.submitter = submitter
        self.dataset = dataset
        self.mode = mode
        self.created = created
        self.runs = runs
        self.reasons = reasons
        self.denied = denied
        self.receiptURL = receiptURL
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "job")
        self.id = try fields.string("id")
        self.phase = try fields.choice("phase")
        self.since = try fields.instant("since")
        self.waiting = if let value = fields.optional("waiting") { try Waiting(json: value) } else { nil }
        self.message = try fields.string("message")
        self.planDigest = try fields.namedDigest("plan_digest")
        self.coreDigest = try fields.namedDigest("core_digest")
        self.submitter = try fields.string("submitter")
        self.dataset = try fields.string("dataset")
        self.mode = try fields.choice("mode")
        self.created = try fields.instant("created")
        self.runs = try fields.values("runs")
        self.reasons = try fields.strings("reasons")
        self.denied = try fields.strings("denied")
        self.receiptURL = try fields.optionalString("receipt_url")
        if json["rounds"] != nil { rounds = try fields.values("rounds") }
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([
            ("id", .string(id)), ("phase", .string(phase.rawValue)), ("since", .string(since.description)),
            ("message", .string(message)), ("plan_digest", .string(planDigest.named)),
            ("core_digest", .string(coreDigest.named)), ("submitter", .string(submitter)),
            ("dataset", .string(dataset)), ("mode", .string(mode.rawValue)),
            ("created", .string(created.description)), ("runs", .array(runs.map(\.json))),
            ("reasons", .array(reasons.map { .string($0) })), ("denied", .array(denied.map { .string($0) })),
        ])
        object["waiting"] = waiting?.json(phase: phase, message: message)
        object["receipt_url"] = receiptURL.map { .string($0) }
        if !rounds.isEmpty { object["rounds"] = .array(rounds.map(\.json)) }
        return .object(object)
    }
}

/// `POST /jobs/{id}/cancel`.
package struct CancelRequest: APIValue {
    /// Why, in words; may be empty.
    package let reason: String

    /// Asks to cancel.
    package init(reason: String = "") { self.reason = reason }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "cancel")
        self.reason = try fields.optionalString("reason") ?? ""
        try fields.finish()
        guard reason.utf8.count <= 1024 else {
            throw GloveboxError("limit.exceeded", "reason is longer than 1024 bytes")
        }
    }

    package var json: JSONValue { ["reason": .string(reason)] }
}
