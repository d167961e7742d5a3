internal import GloveboxCore
internal import GloveboxTransparency

extension LogChecks {
    /// Seconds by which clocks of one site may differ.
    static let clockTolerance: Int64 = 300

    /// The log has the event that began the run where the report says; gives its time.
    ///
    /// A run that was stopped before it began has another event of its job there.
    ///
    /// - Throws: `log.index`, `log.entry-mismatch`; codes of ``included(entry:proof:)``.
    func began(_ report: Report) throws(GloveboxError) -> Instant {
        let entry = try included(entry: EvidenceFiles.runEntry, proof: EvidenceFiles.runProof)
        guard entry.index == report.log.startIndex else {
            throw GloveboxError(
                "log.index",
                "\(EvidenceFiles.runEntry) is entry \(entry.index), the report names \(report.log.startIndex)"
            )
        }
        let event = try PublicEvent(JSONReader.readCanonical(input.file(EvidenceFiles.runEntry)), at: entry.index)
        guard event.job?.isSame(as: report.jobID) == true else {
            throw GloveboxError("log.entry-mismatch", "entry \(entry.index) of the log is about another job")
        }
        let begins =
            event.kind == .jobStarting && event["run"]?.isSame(as: String(report.run)) == true
            && event["plan"]?.isSame(as: report.manifestDigest.hex) == true
        let neverBegan = event.kind != .jobStarting && [.killed, .interrupted].contains(report.outcome)
        guard begins || neverBegan else {
            throw GloveboxError("log.entry-mismatch", "entry \(entry.index) of the log does not begin this run")
        }
        return event.time
    }

    /// The log has the charge that the report names: of this job, for its data, and of that amount.
    ///
    /// - Throws: `privacy.ledger`; codes of ``included(entry:proof:)``.
    func charge(_ privacy: Report.Privacy, at index: UInt64, of report: Report) throws(GloveboxError) {
        guard let bytes = input.evidence[EvidenceFiles.chargeEntry] else {
            throw GloveboxError("privacy.ledger", "\(EvidenceFiles.chargeEntry), the charge in the log, is missing")
        }
        let entry = try included(entry: EvidenceFiles.chargeEntry, proof: EvidenceFiles.chargeProof)
        let event = try PublicEvent(JSONReader.readCanonical(bytes), at: entry.index)
        guard entry.index == index, event.kind == .budgetSpent, event["budget"] == "privacy",
            event["amount"]?.isSame(as: privacy.rho) == true, event.job?.isSame(as: report.jobID) == true,
            report.inputs.contains(where: { event.dataset?.isSame(as: $0.name) == true })
        else {
            throw GloveboxError(
                "privacy.ledger",
                "entry \(entry.index) of the log is not the charge of \(privacy.rho) that the report names"
            )
        }
    }
}
