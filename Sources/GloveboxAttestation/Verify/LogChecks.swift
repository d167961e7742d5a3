internal import GloveboxCore
internal import GloveboxTransparency

/// The report's place in the log.
///
/// Source: attestation specification, section 9; transparency-log specification, sections 6 and 7.
struct LogChecks {
    let input: VerifyInput
    let trust: TrustStore

    /// Later than any witness signs, for a reader without a clock.
    static let noClock = Instant(seconds: 253_402_300_799)

    /// An entry and where the log holds it.
    struct Entry {
        let index: UInt64
        let checkpoint: Checkpoint
    }

    /// The leaf is the one that envelope and certificate give.
    ///
    /// - Throws: `log.entry-mismatch`.
    static func leaf(_ input: VerifyInput, _ envelope: Envelope, _ leaf: ParsedCertificate) throws(GloveboxError) {
        guard try input.file(EvidenceFiles.entry) == envelope.logEntry(certificate: leaf.der) else {
            throw GloveboxError("log.entry-mismatch", "the log leaf does not belong to this report and certificate")
        }
    }

    /// The log holds an entry.
    ///
    /// - Throws: codes of ``TlogProof`` and ``TlogPolicy``.
    func included(entry: String, proof: String) throws(GloveboxError) -> Entry {
        let receipt = try TlogProof(parsing: input.file(proof))
        let checkpoint = try receipt.verify(entry: input.file(entry), log: trust.log)
        let now = input.options.now ?? Self.noClock
        _ = try trust.witnessing.open(note: receipt.checkpoint, now: now)
        return Entry(index: receipt.index, checkpoint: checkpoint)
    }

    /// The next leaf is the event that announces the report; gives the time of the log.
    ///
    /// - Throws: `log.index`, `log.entry-mismatch`, `log.fork`, `log.key`, `boot.mismatch`.
    func issued(_ event: Entry, after leaf: Entry, report: Report, id: Digest) throws(GloveboxError) -> Instant {
        guard event.index == leaf.index + 1 else {
            throw GloveboxError("log.index", "the issued event does not stand right after the report's leaf")
        }
        try sameTree(event.checkpoint, leaf.checkpoint)
        let time = try IssuedEvent.check(
            input.file(EvidenceFiles.issuedEntry),
            reportLeaf: leaf.index,
            reportID: id,
            nonce: report.nonce,
            origin: trust.log.name,
            bootID: report.time.bootID ?? report.attester.kernel.bootID
        )
        guard trust.keys.validFrom <= time else {
            throw GloveboxError("log.key", "the log key was not valid yet at \(time)")
        }
        return time
    }

    /// What the report says about the log at the start of the run.
    ///
    /// - Throws: `log.origin`, `log.index`, `log.size`, `log.rollback`, `log.fork`, codes of ``Checkpoint``.
    func position(_ report: Report, leaf: Entry) throws(GloveboxError) {
        guard report.log.origin.isSame(as: trust.log.name) else {
            throw GloveboxError("log.origin", "the report names another log")
        }
        guard report.log.startIndex < leaf.index, report.keyRelease ?? 0 < leaf.index else {
            throw GloveboxError("log.index", "start and key release must stand before the report in the log")
        }
        let start = try trust.open(checkpoint: report.log.checkpoint, from: report.time.start)
        guard start.size > report.log.startIndex else {
            throw GloveboxError("log.size", "the checkpoint in the report does not cover the start of the run")
        }
        try sameTree(start, leaf.checkpoint)
        guard start.size <= leaf.index else {
            throw GloveboxError("log.rollback", "the log had \(start.size) entries before the report was one")
        }
    }

    /// The start statement was signed before the key's release, and the log only grew until the report.
    ///
    /// - Throws: `log.origin`, `kbs.replay`, `log.rollback`, `log.fork`, codes of ``Checkpoint``.
    func order(_ statement: Report, before release: UInt64, report: Report) throws(GloveboxError) {
        let (start, end) = (statement.log, report.log)
        guard start.origin.isSame(as: trust.log.name) else {
            throw GloveboxError("log.origin", "the start statement names another log")
        }
        let early = try trust.open(checkpoint: start.checkpoint, from: statement.time.start)
        guard early.size <= release else {
            throw GloveboxError("kbs.replay", "the key had been released before the start statement was signed")
        }
        let late = try trust.open(checkpoint: end.checkpoint, from: report.time.start)
        guard early.size <= late.size else {
            throw GloveboxError("log.rollback", "the log was longer when the run started than when it was reported")
        }
        try sameTree(early, late)
    }

    private func sameTree(_ left: Checkpoint, _ right: Checkpoint) throws(GloveboxError) {
        guard left.size != right.size || left.root == right.root else {
            throw GloveboxError("log.fork", "the log signed two different trees of one size")
        }
    }
}
