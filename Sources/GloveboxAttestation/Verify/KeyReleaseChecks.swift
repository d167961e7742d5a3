internal import GloveboxCore
internal import GloveboxTransparency

/// No key of a dataset left before the log said so, for this plan and after this start statement.
///
/// Source: attestation specification, section 11.
struct KeyReleaseChecks {
    let report: Report
    let log: LogChecks

    /// A report of a run that saw data names the event.
    ///
    /// - Throws: `kbs.log-first`.
    static func named(_ report: Report) throws(GloveboxError) -> UInt64? {
        if let index = report.keyRelease { return index }
        guard report.inputs.isEmpty || report.outcome != .released else {
            throw GloveboxError("kbs.log-first", "data was read, and the report names no event that released its key")
        }
        return nil
    }

    /// The log holds the event that released the key, where the report says.
    ///
    /// - Throws: `kbs.log-first`; codes of ``LogChecks``.
    func event(_ index: UInt64) throws(GloveboxError) -> PublicEvent {
        guard let bytes = log.input.evidence[EvidenceFiles.keyEntry] else {
            throw GloveboxError("kbs.log-first", "\(EvidenceFiles.keyEntry), the key's release in the log, is missing")
        }
        let entry = try log.included(entry: EvidenceFiles.keyEntry, proof: EvidenceFiles.keyProof)
        guard entry.index == index else {
            throw GloveboxError("kbs.log-first", "the key's release is entry \(entry.index), the report says \(index)")
        }
        let event = try PublicEvent(JSONReader.readCanonical(bytes), at: index)
        guard event.kind == .keyReleased else {
            throw GloveboxError("kbs.log-first", "entry \(index) of the log releases no key")
        }
        return event
    }

    /// The log has the payment that the release names: of the same request, and before the key was out.
    ///
    /// - Throws: `kbs.budget`; codes of ``LogChecks``.
    func payment(_ release: PublicEvent) throws(GloveboxError) {
        guard let bytes = log.input.evidence[EvidenceFiles.paymentEntry] else {
            throw GloveboxError("kbs.budget", "\(EvidenceFiles.paymentEntry), the payment for the run, is missing")
        }
        let entry = try log.included(entry: EvidenceFiles.paymentEntry, proof: EvidenceFiles.paymentProof)
        guard release["paid"]?.isSame(as: String(entry.index)) == true, entry.index < release.index else {
            throw GloveboxError("kbs.budget", "entry \(entry.index) is not the payment that the key's release names")
        }
        let event = try PublicEvent(JSONReader.readCanonical(bytes), at: entry.index)
        guard event.kind == .budgetSpent, event["budget"] == "runs", event["amount"] == "1", event.job == release.job,
            let request = event["request"], release["request"]?.isSame(as: request) == true
        else { throw GloveboxError("kbs.budget", "entry \(entry.index) of the log pays for no run, or for another") }
    }

    /// Everything for which the key was not released to this run: `kbs.nonce`, `kbs.evidence`, `kbs.replay`, `boot.mismatch`,
    /// `key.unknown` and `key.expired` for the broker's own key.
    func causes(_ event: PublicEvent, _ start: StartChecks?) -> [GloveboxError] {
        var causes: [GloveboxError] = []
        func demand(_ holds: Bool, _ code: String, _ message: String) {
            if !holds { causes.append(GloveboxError(code, message)) }
        }
        demand(event.job?.isSame(as: report.jobID) == true, "kbs.replay", "the key was released to another job")
        demand(
            event["plan"]?.isSame(as: report.manifestDigest.hex) == true,
            "kbs.evidence",
            "the key was released for another plan"
        )
        demand(
            event["start"].flatMap(Digest.init(hex:)) == report.startStatement,
            "kbs.evidence",
            "the key was released for another start statement"
        )
        demand(
            event.bootID.isSame(as: report.attester.kernel.bootID),
            "boot.mismatch",
            "the key was released in another run of the machine"
        )
        if let binding = report.keyBinding {
            demand(
                event["kekId"].flatMap(Digest.init(hex:)) == binding.kekID
                    && event["hpkeKey"].flatMap(Digest.init(hex:)) == binding.hpkeKey,
                "kbs.evidence",
                "the report names another key of the broker, or another recipient, than the log"
            )
            if let start {
                demand(start.request != nil, "kbs.nonce", "the start statement answers no nonce of the broker")
                demand(
                    start.request.map { Hashing.sha256($0.hpkeKey) == binding.hpkeKey } ?? true,
                    "kbs.evidence",
                    "the key was sealed to another recipient than the start statement asked for"
                )
            }
        }
        let brokers = log.trust.policy.brokers
        guard !brokers.isEmpty else { return causes }
        let known = brokers.filter { event["kekId"]?.isSame(as: $0.kekID.hex) == true }
        demand(!known.isEmpty, "key.unknown", "the trust policy does not list the broker's key of that release")
        demand(
            known.isEmpty || known.contains { $0.isValid(at: event.time) },
            "key.expired",
            "the broker's key of that release was not in use at \(event.time)"
        )
        return causes
    }
}
