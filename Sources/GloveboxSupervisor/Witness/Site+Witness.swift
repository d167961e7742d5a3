internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

extension Site {
    /// Takes verified lines under a checkpoint, and lets those who wait for the quorum look again.
    func take(_ checkpoint: Checkpoint, _ note: SignedNote, _ lines: [(name: String, line: SignedNote.Signature)]) {
        board.withLock { $0.take(checkpoint, note, lines: lines, now: Machine.now()) }
        bell.ring()
    }

    /// Logs what went wrong in a round; evidence against this log stops it.
    ///
    /// - Throws: `log.rollback`, `log.fork`, `log.unavailable`, `store.io`.
    func account(for turns: [(name: String, turn: WitnessPeer.Turn)]) throws(GloveboxError) {
        for (name, turn) in turns {
            switch turn {
            case .cosigned: continue
            case .unreachable(let code): try alarm(.witnessUnreachable, name, code, .low)
            case .disagreed(let code): try alarm(.witnessDisagreed, name, code, .high)
            case .convicted(let evidence):
                let path = try keep(evidence)
                let error = Self.conviction(evidence, path)
                try record(incident(evidence, origin: configuration.origin))
                log.stop(because: error)
                throw error
            }
        }
    }

    private func alarm(
        _ kind: EventKind,
        _ name: String,
        _ code: String,
        _ severity: Event.Severity
    ) throws(GloveboxError) {
        guard alarms.mayRing("\(kind.rawValue) \(name)", at: Machine.now()) else { return }
        try record(Event(kind: kind, entity: name, statusCode: code, severity: severity))
    }

    /// The event for evidence against a log, this one or another.
    func incident(_ evidence: LogEvidence, origin: String) -> Event {
        Event(
            kind: .incidentOpened,
            statusCode: evidence.kind.code,
            severity: evidence.isConclusive ? .critical : .high,
            fields: [("log", .string(origin)), ("evidence", .string(Machine.sha256(evidence.bytes).hex))]
        )
    }

    /// Keeps evidence against this log beside it; where.
    func keep(_ evidence: LogEvidence) throws(GloveboxError) -> String {
        let folder = Directory(layout.evidence)
        let name = "\(evidence.kind.code)-\(Machine.sha256(evidence.bytes).hex.prefix(16)).json"
        try folder.make()
        try folder.replace(name, with: evidence.bytes)
        return "\(layout.evidence)/\(name)"
    }

    /// The error that stops a log whose own signature speaks against it; names both sizes.
    static func conviction(_ evidence: LogEvidence, _ path: String) -> GloveboxError {
        func size(_ note: [UInt8]) -> String {
            let lines = note.split(separator: UInt8(ascii: "\n"), maxSplits: 2)
            return lines.count > 1 ? String(decoding: lines[1], as: UTF8.self) : "?"
        }
        return GloveboxError(
            evidence.kind.code,
            "a witness has a checkpoint of \(size(evidence.old)) entries that this log signed and does not have;"
                + " here it has \(size(evidence.new))",
            hint: "state and sign-lock were restored from an older copy: fetch the missing entries from a mirror."
                + " The evidence is \(Display.escape(path))"
        )
    }

    /// Answers another log that asks this site to cosign.
    func addCheckpoint(_ body: [UInt8]) throws(GloveboxError) -> WitnessAnswer {
        let request: WitnessRequest
        do throws(WitnessRefusal) { request = try WitnessRequest(parsing: body) } catch { return Self.answer(error) }
        switch try witness.add(request, at: Machine.now()) {
        case .cosigned(let lines):
            return WitnessAnswer(status: 200, type: Self.plainText, body: lines.flatMap(\.line))
        case .refused(let refusal, let evidence):
            if let evidence { try record(incident(evidence, origin: evidence.origin)) }
            return Self.answer(refusal)
        }
    }

    private static let plainText = "text/plain; charset=utf-8"

    private static func answer(_ refusal: WitnessRefusal) -> WitnessAnswer {
        let (type, text) =
            switch refusal {
            case .conflict(let size): ("text/x.tlog.size", "\(size)\n")
            case .malformed(let why), .inconsistent(let why): (plainText, "\(why)\n")
            case .untrusted: (plainText, "no good signature of a trusted key\n")
            case .unknownOrigin: (plainText, "this log is not watched here\n")
            }
        return WitnessAnswer(status: refusal.status, type: type, body: Array(text.utf8))
    }

    /// A public file by its path; nil when there is none.
    func file(_ path: String) throws(GloveboxError) -> PublicFile? {
        if path == "checkpoint" { return try publicFile("\(layout.root)/log/checkpoint", isImmutable: false) }
        if path.hasPrefix("tile/") {
            do { _ = try TilePath(parsing: path) } catch { return nil }
            return try publicFile("\(layout.root)/log/\(path)", isImmutable: true)
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "witness", parts[2] == "checkpoint" else { return nil }
        return try witness.checkpoint(name: String(parts[1])).map { bytes in
            PublicFile(bytes: bytes, digest: Machine.sha256(bytes), isImmutable: false)
        }
    }

    private func publicFile(_ path: String, isImmutable: Bool) throws(GloveboxError) -> PublicFile? {
        guard StateFile.exists(path) else { return nil }
        let bytes = try StateFile.read(path, limit: 32 << 20)
        return PublicFile(bytes: bytes, digest: Machine.sha256(bytes), isImmutable: isImmutable)
    }
}
