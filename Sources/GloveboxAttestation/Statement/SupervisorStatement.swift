package import GloveboxCore

/// What a signer makes sure of before a leaf signs for a supervisor: a start statement, a report or a disclosure record,
/// whole and well formed, about one plan, by this attester, not of the future.
///
/// Source: attestation specification, sections 4 and 7.
package struct SupervisorStatement: Sendable {
    /// Seconds by which the supervisor's times may be ahead of the signer's clock.
    private static let tolerance: Int64 = 300

    /// Which of the three.
    package let kind: PredicateType
    /// The job it is about.
    package let job: String
    /// What a report or a start statement says; nil for a disclosure record.
    let report: Report?
    /// What a start statement asks a key broker for.
    let request: Report.KeyRequest?

    /// Reads a payload strictly.
    ///
    /// - Throws: codes of the strict reader, ``Statement``, ``Report`` and ``DisclosureStatement``;
    ///   `statement.predicate-type` for what no leaf signs, `statement.subject-name` and `statement.subject-digest` for one
    ///   that is not about its plan, `cert.identity` for another attester's, `time.future`.
    package init(parsing payload: [UInt8], attester: String, now: Instant) throws(GloveboxError) {
        let read = try JSONReader.readCanonical(payload)
        kind = read["predicateType"]?.string.flatMap(PredicateType.init(rawValue:)) ?? .manifest
        let statement: Statement
        let report: Report
        let latest: Instant
        var asked: Report.KeyRequest?
        switch kind {
        case .report:
            statement = try Statement(reading: read, expecting: kind)
            report = try Report(predicate: statement.predicate)
            latest = report.time.end
        case .start:
            statement = try Statement(reading: read, expecting: kind)
            (report, asked) = try Report.reading(start: statement.predicate)
            latest = report.time.start
        case .disclosure:
            job = try DisclosureStatement(parsing: payload).job
            (self.report, request) = (nil, nil)
            return
        case .manifest, .approval, .verdict, .lineageSplit, .releaseOverride, .verificationSummary:
            throw GloveboxError("statement.predicate-type", "the site's signer does not sign statements of this kind")
        }
        (job, self.report, request) = (report.jobID, report, asked)
        let plan = statement.subjects[0]
        guard plan.name.isSame(as: "manifest.json") else {
            throw GloveboxError("statement.subject-name", "the first subject of a statement is its plan")
        }
        guard plan.digest == report.manifestDigest else {
            throw GloveboxError("statement.subject-digest", "the statement is about another plan than it names")
        }
        guard report.attester.identity.isSame(as: attester) else {
            throw GloveboxError("cert.identity", "the statement is by another attester than this site")
        }
        guard latest <= now.adding(seconds: Self.tolerance) else {
            throw GloveboxError("time.future", "the statement speaks of \(latest), which has not come")
        }
    }
}
