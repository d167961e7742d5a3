internal import GloveboxCore
internal import GloveboxTransparency

extension ReportVerifier {
    /// When the run began, by the log; what the report claims must not be earlier.
    static func began(_ input: VerifyInput, _ parts: VerifiedParts, _ checks: inout CheckList) -> Instant? {
        let log = parts.trust.map { LogChecks(input: input, trust: $0) }
        let began = checks.run(.log, "run.began", log, parts.report) { log, report throws(GloveboxError) in
            try log.began(report)
        }
        _ = checks.run(.time, "time.start", parts.report, began) { report, began throws(GloveboxError) in
            guard began <= report.time.start.adding(seconds: LogChecks.clockTolerance) else {
                throw GloveboxError(
                    "time.regress",
                    "the report says that the run started at \(report.time.start), the log \(began)"
                )
            }
        }
        return began
    }

    /// What was signed and logged before the run saw data.
    static func start(
        _ start: StartChecks?,
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ logged: LoggedAt?,
        _ checks: inout CheckList
    ) {
        guard let report = parts.report else {
            _ = checks.run(.broker, "start.statement", parts.report) { _ in }
            return
        }
        let log = parts.trust.map { LogChecks(input: input, trust: $0) }
        judge(start, parts, &checks)
        if report.startStatement != nil { startQuote(start, parts, logged, &checks) }
        let index = checks.run(.broker, "key.named") { () throws(GloveboxError) in
            try KeyReleaseChecks.named(report)
        }
        guard let index, let index else { return }
        let keys = log.map { KeyReleaseChecks(report: report, log: $0) }
        let event = checks.run(.broker, "key.released", keys) { keys throws(GloveboxError) in try keys.event(index) }
        checks.review(.broker, "key.evidence", both(keys, event)) { $0.0.causes($0.1, start) }
        if let event, event["paid"] == nil {
            checks.leaveOut(.broker, "key.paid", "the release is from before the log named the payment in it")
        } else {
            _ = checks.run(.broker, "key.paid", keys, event) { keys, event throws(GloveboxError) in
                try keys.payment(event)
            }
        }
        if report.startStatement != nil {
            _ = checks.run(.broker, "key.order", start, log) { start, log throws(GloveboxError) in
                try log.order(start.start, before: index, report: report)
            }
        }
    }

    private static func judge(_ start: StartChecks?, _ parts: VerifiedParts, _ checks: inout CheckList) {
        guard let report = parts.report, StartChecks.isDue(report) || start != nil else { return }
        _ = checks.run(.broker, "start.signature", start) { start throws(GloveboxError) in try start.signature() }
        checks.review(.broker, "start.certificate", start) { $0.certificate(parts) }
        checks.review(.broker, "start.claims", start) { $0.claims }
    }

    /// What the machine signed on which the jails stood, where that was not the attester's own.
    static func node(_ input: VerifyInput, _ parts: VerifiedParts, _ checks: inout CheckList) {
        let files = input.nodeFiles
        guard NodeChecks.areDue(parts.report, files) else { return }
        let all = both(parts.report, parts.trust).map { NodeChecks(report: $0.0, files: files, root: $0.1.root) }
        checks.review(.measurement, "node.statements", all) { $0.causes }
    }

    /// The in-toto layout and links.
    static func workflow(_ input: VerifyInput, _ parts: VerifiedParts, _ logged: LoggedAt?, _ checks: inout CheckList) {
        let files = input.workflowFiles
        if files.isEmpty, let report = parts.report, report.assurance.notProven.contains("workflow") {
            checks.leaveOut(.workflow, "workflow.layout", "the report says that it has no workflow")
            return
        }
        var all: WorkflowChecks?
        if let report = parts.report, let manifest = parts.manifest, let submission = parts.manifestEnvelope,
            let people = parts.people
        {
            all = WorkflowChecks(
                files: files,
                inspected: input.inspected,
                report: report,
                manifest: manifest,
                submission: submission,
                people: people
            )
        }
        let layout = checks.run(.workflow, "workflow.layout", all) { all throws(GloveboxError) in try all.layout() }
        _ = checks.run(.workflow, "workflow.expiry", all, layout, logged) {
            all,
            layout,
            logged throws(GloveboxError) in
            try all.expiry(layout, logged: logged.time, now: input.options.now)
        }
        for step in WorkflowStep.allCases {
            checks.review(.workflow, "workflow.\(step.rawValue)", both(all, layout)) { $0.0.links(step, $0.1) }
        }
        checks.review(.workflow, "workflow.files", all) { $0.strays }
    }

    /// The report's EAT forms, where they are.
    static func tokens(_ input: VerifyInput, _ parts: VerifiedParts, _ checks: inout CheckList) {
        guard input.evidence[EvidenceFiles.cwt] != nil || input.evidence[EvidenceFiles.jwt] != nil else { return }
        let tokens = checks.run(.token, "token.report", parts.envelope, parts.leaf) {
            envelope,
            leaf throws(GloveboxError) in
            let issuer = String(decoding: leaf.value(of: LeafExtension.issuerRaw) ?? [], as: UTF8.self)
            return TokenChecks(
                token: try AttestationToken(payload: envelope.payload, issuer: issuer),
                key: leaf.publicKey
            )
        }
        if let file = input.evidence[EvidenceFiles.cwt] {
            checks.review(.token, "token.cwt", tokens) { $0.cwt(file) }
        }
        if let file = input.evidence[EvidenceFiles.jwt] {
            checks.review(.token, "token.jwt", tokens) { $0.jwt(file) }
        }
    }
}
