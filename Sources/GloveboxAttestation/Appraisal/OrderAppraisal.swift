package import GloveboxCore

/// Decides whether a node may run what a supervisor orders: the start statement of a run that enough others approved, under the
/// root that the node was given.
///
/// A node has no clock of the site's and no reference values of its own: who speaks, for which plan, and who approved it.
/// Source: job backend specification, section 7.4.
package struct OrderAppraisal: Sendable {
    /// The plan, when every check passed.
    package let plan: Manifest?
    /// The job and its run, from 1, that the statement is about; nil when it cannot be read.
    package let run: (job: String, number: UInt64)?
    /// The node that the statement names; nil when it cannot be read, or names none.
    package let node: String?
    /// Every cause of a refusal, in the order of the stages; empty when the plan may run.
    package let causes: [GloveboxError]

    /// Seconds that may go by between the start statement and the order: what a task names elsewhere is fetched in between.
    package static let patience: Int64 = 3600
    /// The same for an order that comes in a file, which people carry.
    package static let carried: Int64 = 7 * 86400

    /// Holds evidence against the root's key (SPKI, DER); `patience` is in seconds.
    package init(
        _ evidence: KeyEvidence,
        root: [UInt8],
        now: Instant,
        patience: Int64 = OrderAppraisal.patience
    ) {
        var checks = CheckList()
        let parts = AppraisedParts(evidence, &checks)
        let begun = parts.report?.time.start.adding(seconds: KeyAppraisal.clockTolerance) ?? now
        let expected = KeyExpectations(
            root: root,
            nonce: [],
            commitments: [],
            outputPolicy: (.zero, .zero),
            // A leaf lives for minutes, and was used when the run began.
            now: min(now, begun),
            seenTrustVersion: 0
        )
        KeyAppraisal.origin(parts, expected, &checks)
        _ = checks.run(.time, "time", parts.report) { report throws(GloveboxError) in
            guard report.time.start <= now.adding(seconds: KeyAppraisal.clockTolerance) else {
                throw GloveboxError("time.future", "the run starts in the node's future")
            }
            guard now <= report.time.start.adding(seconds: patience) else {
                throw GloveboxError("time.regress", "the run was started more than \(patience / 3600) h ago")
            }
        }
        let all = parts.measurements
        _ = checks.run(.parse, "statement.plan", parts.report, parts.manifest) {
            report,
            manifest throws(GloveboxError) in
            guard report.manifestDigest == manifest.digest else {
                throw GloveboxError("statement.subject-digest", "the start statement is about another plan")
            }
        }
        _ = checks.run(.measurement, "code", all) { all throws(GloveboxError) in try all.code() }
        _ = checks.run(.measurement, "rootfs", all) { all throws(GloveboxError) in try all.rootfs() }
        _ = checks.run(.measurement, "invocation", all) { all throws(GloveboxError) in try all.invocation() }
        _ = checks.run(.measurement, "data", all) { all throws(GloveboxError) in try all.data() }
        KeyAppraisal.people(parts, evidence, &checks)
        causes = checks.causes
        plan = causes.isEmpty ? parts.manifest : nil
        run = parts.report.map { ($0.jobID, $0.run) }
        node = parts.report?.node
    }
}
