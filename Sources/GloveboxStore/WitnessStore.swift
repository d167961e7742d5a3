internal import Crypto
package import GloveboxCore
package import GloveboxTransparency
internal import Synchronization

/// A witness of other logs: cosigns what follows from its record, and keeps what does not.
///
/// In a directory named by the hex SHA-256 of the origin, `checkpoint` is the record of a log, with the log's signature
/// and the cosignature; beside it, `fork-*.json` convicts the log and `suspect-*.json` may.
///
/// Source: C2SP tlog-witness; transparency-log specification, section 11.
package final class WitnessStore: Sendable {
    /// What became of a request.
    package enum Outcome: Sendable {
        /// The lines for the answer; record and lines are durable.
        case cosigned([SignedNote.Signature])
        /// No cosignature; with it, evidence that is kept now and was not before.
        case refused(WitnessRefusal, evidence: LogEvidence?)
    }

    private static let record = "checkpoint"
    private static let retirement = "retired"
    /// Files of each kind of evidence that are kept of one log: enough to convict it, too little to fill a disk.
    package static let maxEvidence = 16

    /// The key in force; and the ones before it that still add a line, each with the end of its time.
    private let cosigner: Cosigner
    private let former: [(cosigner: Cosigner, until: Instant)]
    private let logs: [WatchedLog]
    /// Whether the key in force must not be used, since what it signed last may not be on record here.
    package let isRetired: Bool
    private let directory: Directory
    /// Held from the look at a record to its replacement.
    private let turn = Mutex(())

    /// Opens the records under a directory, which is made when missing.
    ///
    /// - Throws: `store.io`.
    package init(
        _ path: String,
        cosigner: Cosigner,
        former: [(cosigner: Cosigner, until: Instant)] = [],
        watching logs: [WatchedLog]
    ) throws(GloveboxError) {
        self.cosigner = cosigner
        self.logs = logs
        directory = Directory(path)
        try directory.make()
        let retired = try Self.retired(path)
        self.former = former.filter { !retired.contains($0.cosigner.key.vkey) }
        isRetired = retired.contains(cosigner.key.vkey)
    }

    /// Has keys cosign nothing any more, where records were put back that may be older than what they signed.
    ///
    /// - Throws: `store.io`.
    package static func retire(_ path: String, _ keys: [NoteKey]) throws(GloveboxError) {
        let all = try retired(path).union(keys.map(\.vkey)).sorted()
        try Directory(path).make()
        let lines = all.map { $0 + "\n" }.joined()
        try Directory(path).replace(retirement, with: Array(lines.utf8), permissions: 0o600)
    }

    private static func retired(_ path: String) throws(GloveboxError) -> Set<String> {
        let file = "\(path)/\(retirement)"
        guard try Directory.exists(file) else { return [] }
        let bytes = try OwnedFile(file, .read).read(at: 0, count: 1 << 20)
        return Set(bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) })
    }

    /// The witness's public key.
    package var key: NoteKey { cosigner.key }

    /// The name of a log's directory: hex SHA-256 of its origin.
    package static func name(ofOrigin origin: String) -> String {
        GloveboxCore.Digest(SHA256.hash(data: Array(origin.utf8))).hex
    }

    /// Checks a request and cosigns: of several with one old size and different new ones, one is cosigned.
    ///
    /// - Throws: `store.io`, and what reading a damaged record throws; `witness.retired` while the key must not be used.
    ///   Nothing is cosigned then.
    package func add(_ request: WitnessRequest, at now: Instant) throws(GloveboxError) -> Outcome {
        guard !isRetired else {
            throw GloveboxError(
                "witness.retired",
                "the witness's records come from a backup, and its key may have signed more",
                hint: "Give it another key: glovebox keys rotate witness"
            )
        }
        let shown: Checkpoint
        let note: SignedNote
        do throws(WitnessRefusal) { (shown, note) = try request.open(watching: logs) } catch {
            return .refused(error, evidence: nil)
        }
        let folder = Directory("\(directory.path)/\(Self.name(ofOrigin: shown.origin))")
        return try turn.withLock { _ throws(GloveboxError) -> Outcome in
            let known = try read(folder)
            let recorded = try known.map { bytes throws(GloveboxError) in
                try Checkpoint(foreign: SignedNote(parsing: bytes).text)
            }
            do throws(WitnessRefusal) { try request.check(shown, after: recorded) } catch {
                guard let known, let recorded, let kind = Self.finding(error, shown, recorded),
                    let key = signer(of: note, shown.origin)
                else {
                    return .refused(error, evidence: nil)
                }
                let evidence = LogEvidence(kind: kind, key: key, old: known, new: note.bytes, proof: request.proof)
                return .refused(error, evidence: try keep(evidence, in: folder) ? evidence : nil)
            }
            var lines = [try cosigner.cosign(note.text, at: now)]
            for old in former where now < old.until { lines.append(try old.cosigner.cosign(note.text, at: now)) }
            try folder.make()
            try folder.replace(
                Self.record,
                with: SignedNote(text: note.text, signatures: note.signatures + lines).bytes,
                permissions: 0o600
            )
            return .cosigned(lines)
        }
    }

    /// The record of the log whose origin has that hash; nil for a log never cosigned.
    ///
    /// - Throws: `store.io`.
    package func checkpoint(name: String) throws(GloveboxError) -> [UInt8]? {
        guard logs.contains(where: { Self.name(ofOrigin: $0.origin).utf8.elementsEqual(name.utf8) }) else { return nil }
        return try read(Directory("\(directory.path)/\(name)"))
    }

    private func read(_ folder: Directory) throws(GloveboxError) -> [UInt8]? {
        let path = "\(folder.path)/\(Self.record)"
        guard try Directory.exists(path) else { return nil }
        return try OwnedFile(path, .read).read(at: 0, count: SignedNote.maxBytes + 1)
    }

    /// The key of a watched log that signed a checkpoint.
    private func signer(of note: SignedNote, _ origin: String) -> NoteKey? {
        logs.first { $0.origin.utf8.elementsEqual(origin.utf8) }?.keys.first { key in
            do { try note.verify(key: key) } catch { return false }
            return true
        }
    }

    /// What a refused checkpoint shows about its log, if anything.
    private static func finding(
        _ refusal: WitnessRefusal,
        _ shown: Checkpoint,
        _ recorded: Checkpoint
    ) -> LogEvidence.Kind? {
        if shown.size == recorded.size { return shown.root == recorded.root ? nil : .fork }
        return switch refusal {
        case .conflict: shown.size < recorded.size ? .rollback : nil
        case .inconsistent: .suspect
        case .malformed, .untrusted, .unknownOrigin: nil
        }
    }

    /// Writes evidence down; false when it is there already or there is enough of its kind.
    private func keep(_ evidence: LogEvidence, in folder: Directory) throws(GloveboxError) -> Bool {
        let kind = evidence.isConclusive ? "fork-" : "suspect-"
        let name = "\(kind)\(GloveboxCore.Digest(SHA256.hash(data: evidence.new)).hex.prefix(16)).json"
        let kept = try folder.names().filter { $0.hasPrefix(kind) }
        guard !kept.contains(name), kept.count < Self.maxEvidence else { return false }
        try folder.replace(name, with: evidence.bytes, permissions: 0o600)
        return true
    }
}
