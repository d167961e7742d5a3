package import GloveboxCore

extension JobChange {
    /// The members that the journal keeps for this change, beside its ``name``.
    package var json: JSONValue {
        switch self {
        case .accepted(let needsApproval): ["needs_approval": .bool(needsApproval)]
        case .approved(let approvals): ["approvals": .array(approvals.map { .string($0.named) })]
        case .approvalLost(let code): ["code": .string(code.rawValue)]
        case .denied(let reasons), .withheld(let reasons): ["reasons": .array(reasons.map { .string($0) })]
        case .dequeued(let executor, let node): ["executor": .string(executor), "node": .string(node)]
        case .starting(let run, let nonce): ["run": .integer(Int64(run)), "nonce": .string(nonce.named)]
        case .staged(let measured): ["measured": .string(measured.named)]
        case .ended(let exit): ["exit": exit.json]
        case .interrupted(let rerun): ["rerun": .bool(rerun)]
        case .collected(let commitment): ["commitment": .string(commitment.named)]
        case .checked(let verdict): ["verdict": .string(verdict.rawValue)]
        case .reviewClosed(let release): ["release": .bool(release)]
        case .releaseIntent(let bundle): ["bundle": .string(bundle.named)]
        case .released(let report): ["report": .string(report.named)]
        case .errored(let component, let code): ["component": .string(component), "code": .string(code)]
        case .cancelled(let account), .resubmitted(let account): ["by": .string(account)]
        case .waiting(let waiting): ["waiting": waiting.json(phase: .accepted, at: waiting.since)]
        case .expired(let reasons): reasons.isEmpty ? [:] : ["reasons": .array(reasons.map { .string($0) })]
        case .started, .checkResumed, .returned, .failed, .cleaned: [:]
        }
    }

    /// Reads a change from its name and the members that ``json`` wrote.
    ///
    /// - Throws: `schema.type` for an unknown name or a wrong type, `schema.missing-field`, `schema.unknown-field`.
    package init(name: String, json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "event")
        switch name {
        case "job.accepted": self = .accepted(needsApproval: try fields.bool("needs_approval"))
        case "job.approved":
            var approvals: [Digest] = []
            for text in try fields.strings("approvals") { approvals.append(try Digest(reading: text, at: "approvals")) }
            self = .approved(approvals: approvals)
        case "job.approval_lost": self = .approvalLost(try fields.choice("code"))
        case "job.denied": self = .denied(reasons: try fields.strings("reasons"))
        case "job.dequeued":
            self = .dequeued(executor: try fields.string("executor"), node: try fields.string("node"))
        case "job.starting": self = .starting(run: try fields.count("run"), nonce: try fields.namedDigest("nonce"))
        case "job.staged": self = .staged(measured: try fields.namedDigest("measured"))
        case "job.started": self = .started
        case "job.ended": self = .ended(try ExitClass(json: try fields.required("exit")))
        case "job.interrupted": self = .interrupted(rerun: try fields.bool("rerun"))
        case "output.collected": self = .collected(commitment: try fields.namedDigest("commitment"))
        case "check.resumed": self = .checkResumed
        case "output.checked": self = .checked(try fields.choice("verdict"))
        case "review.closed": self = .reviewClosed(release: try fields.bool("release"))
        case "release.returned": self = .returned
        case "release.resubmitted": self = .resubmitted(by: try fields.string("by"))
        case "release.intent": self = .releaseIntent(bundle: try fields.namedDigest("bundle"))
        case "output.released": self = .released(report: try fields.namedDigest("report"))
        case "output.withheld": self = .withheld(reasons: try fields.strings("reasons"))
        case "job.failed": self = .failed
        case "job.errored":
            self = .errored(component: try fields.string("component"), code: try fields.string("code"))
        case "job.cancelled": self = .cancelled(by: try fields.string("by"))
        case "job.cleaned": self = .cleaned
        case "job.expired":
            let codes = fields.optional("reasons")?.array ?? []
            self = .expired(reasons: codes.compactMap(\.string))
        case "job.waiting": self = .waiting(try Waiting(json: try fields.required("waiting")))
        default: throw GloveboxError("schema.type", "no such job event: \(Display.escape(name))")
        }
        try fields.finish()
    }
}
