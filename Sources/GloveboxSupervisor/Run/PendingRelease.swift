internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxPolicy

/// What the decision on a sealed release needs: the bytes that would leave, what reviewers see beside them, and the report.
struct PendingRelease: Sendable {
    /// The report of the run, with the files that would leave.
    var draft: ReportDraft
    /// The owner's copy of the disclosure record.
    private(set) var evidence: [UInt8]

    init(draft: ReportDraft, evidence: [UInt8]) { (self.draft, self.evidence) = (draft, evidence) }

    /// Reads ``encoded()``.
    init(stored bytes: [UInt8]) throws(GloveboxError) {
        // As long as its files are; it is the site's own, and was compared with what the log names.
        var limits = JSONReader.Limits()
        limits.bytes = bytes.count
        var fields = try JSONFields(JSONReader.readCanonical(bytes, limits: limits), at: "pending")
        draft = try ReportDraft(json: fields.required("draft"))
        evidence = CanonicalJSON.encode(try fields.required("evidence"))
        try fields.finish()
    }

    /// The kept form, canonical JSON `{"draft", "evidence"}`.
    func encoded() throws(GloveboxError) -> [UInt8] {
        CanonicalJSON.encode(["draft": try draft.json(), "evidence": try JSONReader.readCanonical(evidence)])
    }

    /// The bundle as it would leave.
    ///
    /// - Throws: `output.too-large`.
    func bundle(_ policy: OutputPolicy) throws(GloveboxError) -> [UInt8] {
        try ReleaseBundle(draft.files, pad: policy.channels.pad).bytes
    }

    /// Takes in what the researcher answered: the bundle and the record that reviewers are shown next.
    ///
    /// - Throws: codes of the strict reader; `output.too-large`.
    mutating func take(_ sealed: SealedRelease, _ policy: OutputPolicy) throws(GloveboxError) {
        let (rounds, dropped) = (sealed.rounds.compactMap(\.told), sealed.dropped)
        guard !rounds.isEmpty else { return }
        draft.leaveOut(dropped)
        let bundle = Machine.sha256(try bundle(policy))
        func told(_ record: [UInt8], _ reader: DisclosureRecord.Reader) throws(GloveboxError) -> [UInt8] {
            let json = try JSONReader.readCanonical(record)
            return CanonicalJSON.encode(
                DisclosureRecord.resubmitted(json, rounds, without: dropped, bundle: bundle, for: reader)
            )
        }
        evidence = try told(evidence, .owner)
        draft.disclosure = try draft.disclosure.map { (record) throws(GloveboxError) in try told(record, .researcher) }
    }

    /// Takes in what people decided, and nothing that was refused: `why` says why nothing leaves, nil when all does.
    mutating func close(_ reviews: [DisclosureRecord.Review], withheld why: String?) throws(GloveboxError) {
        if let record = try draft.disclosure.map(JSONReader.readCanonical) {
            let closed = DisclosureRecord.closing(record, reviews, for: .researcher, isReleased: why == nil)
            draft.disclosure = CanonicalJSON.encode(closed)
        }
        guard let why else { return }
        for index in draft.report.outputs.withheld.indices { draft.report.outputs.withheld[index].reason = why }
    }
}

/// Sealed releases that wait, for people or for their own report: one encrypted file each, durable before the log names it and gone with its job.
///
/// A job has at most one, under its own id, which is the file's label, too.
struct PendingReleases {
    let site: Site

    private func file(_ job: String) -> SealedFile {
        SealedFile(path: site.layout.sealed + "/" + job, label: "sealed " + job, spares: site.spares)
    }

    /// Keeps one; the digest by which the log names it.
    ///
    /// - Throws: `storage.write`, `broker.*`.
    func keep(_ pending: PendingRelease, for job: String) throws(GloveboxError) -> Digest {
        let bytes = try pending.encoded()
        try file(job).write(bytes, key: site.broker.greeting().historyKey)
        return Machine.sha256(bytes)
    }

    /// Reads what was sealed; nil when it is gone, or is not in every byte what the log names.
    ///
    /// - Throws: `storage.read`, `broker.*`; the file may be as it was.
    func find(_ entry: JobEntry) throws(GloveboxError) -> PendingRelease? {
        guard let sealed = entry.sealed, let contents = sealed.contents,
            let bytes = try file(entry.job.id).read(named: contents, key: site.broker.greeting().historyKey)
        else { return nil }
        do throws(GloveboxError) {
            var pending = try PendingRelease(stored: bytes)
            try pending.take(sealed, entry.rules.output)
            let isSame = Machine.sha256(try pending.bundle(entry.rules.output)) == sealed.bundle
            return isSame && Machine.sha256(pending.evidence) == sealed.evidence ? pending : nil
        } catch { return nil }  // every error is about what the file holds
    }

    /// Destroys what a job left here, if anything.
    ///
    /// - Throws: `storage.write`.
    func destroy(_ job: String) throws(GloveboxError) { try file(job).destroy() }
}
