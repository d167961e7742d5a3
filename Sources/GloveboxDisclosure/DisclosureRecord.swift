package import GloveboxCore
package import GloveboxPolicy

/// The record of one decision: what was released or refused, by which rules, and what each check said.
///
/// It is a leaf of the log and is linked by the bundle's digest, not part of the bundle. Fields that this version has no
/// value for are left out. Source: release policy section 14.
package struct DisclosureRecord: Sendable {
    /// What only the supervisor knows.
    ///
    /// Nil fields are left out.
    package struct Context: Sendable {
        /// The salted commitment of the dataset version, as in the plan: a plain digest of data never leaves.
        package var dataset: Digest
        /// What was joined to it, with the lineage of each.
        package var joined: [(lineage: String, version: Digest)] = []
        /// Lineages beside these that have units of the data.
        package var furtherLineages: [String] = []
        package var bundle: Digest?
        package var codeMeasurement: Digest?
        package var supervisorVersion: String
        package var supervisorMeasurement: Digest?
        package var requester: String
        package var project: String
        package var submitted: Instant?
        package var sealed: Instant?
        package var decided: Instant
        /// The documents that the policy was merged from, with level, name, version and digest.
        package var policySources: JSONValue = []
        /// Every limit, and which line of which document set it.
        package var policyLimits: JSONValue = []
        /// What owners overrode so that it may leave; nil where they did not have to.
        package var override: JSONValue?
        /// Thousandths of a bit that the project used up, this release included.
        package var projectMillibits: Int64

        /// Starts a context with what every record has.
        package init(
            dataset: Digest,
            supervisorVersion: String,
            requester: String,
            project: String,
            decided: Instant,
            projectMillibits: Int64
        ) {
            self.dataset = dataset
            self.supervisorVersion = supervisorVersion
            self.requester = requester
            self.project = project
            self.decided = decided
            self.projectMillibits = projectMillibits
        }
    }

    /// One person's word on a release.
    package struct Review: Hashable, Sendable {
        /// The account.
        package let reviewer: String
        /// `approve`, `return` or `refuse`.
        package let verdict: String
        /// SHA-256 of what was signed: a statement on the bundle, the policy and the record before the review.
        package let digest: Digest
        package let time: Instant
        /// Why, in the reviewer's words; no part of the record.
        package let reason: String

        /// Tells a review.
        package init(reviewer: String, verdict: String, digest: Digest, time: Instant, reason: String) {
            (self.reviewer, self.verdict, self.digest, self.time) = (reviewer, verdict, digest, time)
            self.reason = reason
        }
    }

    /// A round of a review that ended with questions, and what the researcher answered, and when.
    package struct Round: Sendable {
        let reviews: [Review]
        let answer: JSONValue
        let time: Instant

        /// Tells a round.
        package init(reviews: [Review], answer: JSONValue, time: Instant) {
            (self.reviews, self.answer, self.time) = (reviews, answer, time)
        }
    }

    /// Who reads a copy.
    package enum Reader: Sendable {
        /// The data owner and the log: everything.
        case owner
        /// The researcher: which checks the policy has, and nothing about what they found.
        case researcher
    }

    /// The rules and the data of a decision.
    package struct Subject: Sendable {
        let policy: OutputPolicy
        let inputPolicy: InputPolicy
        /// What all datasets about the same units share.
        let lineage: String

        /// Gathers a subject.
        package init(policy: OutputPolicy, inputPolicy: InputPolicy, lineage: String) {
            (self.policy, self.inputPolicy, self.lineage) = (policy, inputPolicy, lineage)
        }
    }

    private let subject: Subject
    private let decision: Decision
    private let context: Context
    private let privacy: JSONValue?
    private let toolNames: [(kind: String, id: String)]

    /// Binds a decision about a table to what the supervisor knows.
    package init(_ request: ReleaseGate.Request, _ decision: Decision, lineage: String, _ context: Context) {
        subject = Subject(
            policy: request.policy,
            inputPolicy: request.inputPolicy,
            lineage: lineage
        )
        (self.decision, self.context, privacy) = (decision, context, nil)
        let hasFigure = decision.findings.contains { $0.check == "figure" }
        toolNames =
            [("parser", "csv"), ("encoder", "csv"), ("check", "release-gate")]
            + (request.chart == nil ? [] : [("renderer", "chart")]) + (hasFigure ? [("parser", "png")] : [])
            + (request.chart == nil && !hasFigure ? [] : [("encoder", "png")])
    }

    /// Binds a decision about a noisy answer; `privacy` is what it cost, `tools` made it.
    package init(
        _ subject: Subject,
        _ decision: Decision,
        privacy: JSONValue,
        tools: [(kind: String, id: String)],
        _ context: Context
    ) {
        (self.subject, self.decision, self.context) = (subject, decision, context)
        (self.privacy, toolNames) = (privacy, tools)
    }

    /// A record of what is before people once more: without the files that were left out, and with the rounds before.
    package static func resubmitted(
        _ record: JSONValue,
        _ rounds: [Round],
        without dropped: Set<String>,
        bundle: Digest,
        for reader: Reader
    ) -> JSONValue {
        guard var again = record.object else { return record }
        let files = again["files"]?.array ?? []
        again["files"] = .array(files.filter { !dropped.contains($0["name"]?.string ?? "") })
        again["bundle_sha256"] = .string(bundle.hex)
        again["rounds"] = .array(
            rounds.map { round in
                var object = JSONObject([("reviews", json(round.reviews, for: reader)), ("answer", round.answer)])
                if reader == .owner { object["time"] = .string(round.time.text) }
                return .object(object)
            }
        )
        return .object(again)
    }

    /// A record that was before people, with what they said.
    ///
    /// Of what was not released the researcher's copy has no digest: small tables can be guessed.
    package static func closing(
        _ record: JSONValue,
        _ reviews: [Review],
        for reader: Reader,
        isReleased: Bool
    ) -> JSONValue {
        guard var closed = record.object else { return record }
        closed["reviews"] = Self.json(reviews, for: reader)
        if reader == .researcher, !isReleased {
            closed["files"] = []
            closed["bundle_sha256"] = nil
        }
        return .object(closed)
    }

    /// The researcher's copy as it leaves: no moment in it is of the run's making.
    package static func leaving(_ record: JSONValue, at tick: Instant) -> JSONValue {
        guard var leaving = record.object, var times = leaving["times"]?.object else { return record }
        times["sealed"] = nil
        times["decided"] = .string(tick.text)
        times["tick"] = .string(tick.text)
        leaving["times"] = .object(times)
        return .object(leaving)
    }

    /// The owner's copy with what is known once there is a report: the people's words, the report's id, where the log begins
    /// the run, the tree's head under which the report was made, and the tick.
    ///
    /// The researcher's copy cannot name the report, which names that copy.
    package static func completed(
        _ record: JSONValue,
        _ reviews: [Review],
        report: Digest,
        log: (leaf: UInt64, head: Digest),
        at tick: Instant
    ) -> JSONValue {
        guard var whole = record.object else { return record }
        if !reviews.isEmpty { whole["reviews"] = Self.json(reviews, for: .owner) }
        whole["attestation_report_sha256"] = .string(report.hex)
        whole["log"] = ["leaf_index": .integer(Int64(clamping: log.leaf)), "tree_head": .string(log.head.hex)]
        if var times = whole["times"]?.object {
            times["tick"] = .string(tick.text)
            whole["times"] = .object(times)
        }
        return .object(whole)
    }

    // Researchers learn how many said what, and no names.
    private static func json(_ reviews: [Review], for reader: Reader) -> JSONValue {
        .array(
            reviews.map { review in
                var object = JSONObject([
                    ("verdict", .string(review.verdict)), ("verdict_sha256", .string(review.digest.hex)),
                ])
                if reader == .owner {
                    object["reviewer"] = .string(review.reviewer)
                    object["time"] = .string(review.time.text)
                }
                return .object(object)
            }
        )
    }

    /// Binds a decision about a file that people look at; `tools` made and checked it.
    package init(
        _ subject: Subject,
        _ decision: Decision,
        tools: [(kind: String, id: String)],
        _ context: Context
    ) {
        (self.subject, self.decision, self.context, privacy, toolNames) = (subject, decision, context, nil, tools)
    }

    /// The record as a value; its canonical bytes are `disclosure.json`.
    package func json(for reader: Reader) -> JSONValue {
        var record = JSONObject([
            ("record_version", 1), ("outcome", .string(decision.outcome.rawValue)),
            ("reasons", .array(decision.reasons.map(JSONValue.string))),
            ("files", .array(decision.files.map(file))), ("dataset", dataset), ("policy", policy(for: reader)),
            ("tools", tools), ("checks", checks(for: reader)), ("capacity", capacity), ("times", times),
            ("supervisor", supervisor), ("requester", .string(context.requester)),
            ("project", .string(context.project)),
        ])
        record["spec_digest"] = decision.spec.map { .string($0.named) }
        record["rounding"] = subject.policy.document.canonical["rounding"]
        if let suppression = subject.policy.suppression {
            var told = JSONObject([("mode", .string(suppression.mode.rawValue))])
            // How many cells are small is a thing that only the data says.
            if reader == .owner {
                let cells = decision.findings.first { $0.check == "suppression" }?.cells.count ?? 0
                told["cells"] = .integer(Int64(cells))
            }
            record["suppression"] = .object(told)
        }
        record["privacy"] = privacy
        record["reviews"] = []
        if reader == .owner {
            // That there is one tells of a hit, of which researchers are not told.
            record["override"] = context.override ?? .null
            if privacy == nil { record["differencing"] = differencing }
        }
        record["bundle_sha256"] = context.bundle.map { .string($0.hex) }
        record["code_measurement"] = context.codeMeasurement.map { .string($0.hex) }
        return .object(record)
    }

    private var differencing: JSONValue {
        let near = decision.comparison.differences.sorted { $0.key < $1.key }
        return [
            "releases_compared": .integer(Int64(decision.comparison.releases)),
            "hits": .integer(Int64(decision.comparison.hits)),
            "near": .array(near.map { ["release": .string($0.key), "difference": .integer(Int64($0.value))] }),
        ]
    }

    private func file(_ file: Decision.File) -> JSONValue {
        [
            // A file that no job may leave is a picture that the supervisor drew.
            "name": .string(file.name),
            "type": .string((subject.policy.output(named: file.name)?.type ?? .png).rawValue),
            "sha256": .string(Digest(sha256: file.bytes).hex), "bytes": .integer(Int64(file.bytes.count)),
            "tier": .string(subject.policy.tier.rawValue),
        ]
    }

    private var dataset: JSONValue {
        var dataset = JSONObject([
            ("lineage", .string(subject.lineage)), ("version_digest", .string(context.dataset.named)),
            ("input_policy_digest", .string(subject.inputPolicy.document.digest.named)),
        ])
        if !context.furtherLineages.isEmpty {
            dataset["further_lineages"] = .array(context.furtherLineages.map(JSONValue.string))
        }
        if !context.joined.isEmpty {
            dataset["joined"] = .array(
                context.joined.map {
                    ["lineage": .string($0.lineage), "version_digest": .string($0.version.named)]
                }
            )
        }
        return .object(dataset)
    }

    private func policy(for reader: Reader) -> JSONValue {
        var policy = JSONObject([
            ("digest", .string(subject.policy.document.digest.named)),
            ("sources", context.policySources),
        ])
        if reader == .owner {
            policy["text"] = subject.policy.document.canonical
            policy["limits"] = context.policyLimits
        }
        return .object(policy)
    }

    private var tools: JSONValue {
        .array(toolNames.map { ["kind": .string($0.kind), "id": .string($0.id), "version": 1] })
    }

    private func checks(for reader: Reader) -> JSONValue {
        // Which check refused a job is itself a channel, so the researcher sees the policy's list.
        guard reader == .owner else {
            return .array(subject.policy.checks.ids.map { ["id": .string($0), "version": 1] })
        }
        return .array(
            decision.findings.map { finding in
                [
                    "id": .string(finding.check), "version": 1, "parameters": finding.parameters,
                    "outcome": .string(finding.outcome.rawValue), "cells_failed": .integer(Int64(finding.cells.count)),
                ]
            }
        )
    }

    private var capacity: JSONValue {
        [
            "bits": .string(Capacity.text(millibits: decision.millibits)),
            "project_before": .string(Capacity.text(millibits: context.projectMillibits - decision.millibits)),
            "project_total": .string(Capacity.text(millibits: context.projectMillibits)),
        ]
    }

    private var times: JSONValue {
        let times: [(String, Instant?)] = [
            ("submitted", context.submitted), ("sealed", context.sealed), ("decided", context.decided),
        ]
        var object = JSONObject()
        for (name, time) in times { object[name] = time.map { .string($0.text) } }
        return .object(object)
    }

    private var supervisor: JSONValue {
        var object = JSONObject([("version", .string(context.supervisorVersion))])
        object["measurement"] = context.supervisorMeasurement.map { .string($0.hex) }
        return .object(object)
    }
}
