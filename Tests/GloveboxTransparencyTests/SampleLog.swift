import GloveboxCore
import GloveboxTransparency

/// A log in memory, whose files a test can change.
struct SampleLog: LogSource {
    static let origin = "log.datasite.example"

    /// The files by path.
    var files: [String: [UInt8]] = [:]
    /// Whether the files can be listed, as in a directory and not on a web server.
    var canList = true

    /// Writes the files of a log of these entries.
    init(_ entries: [[UInt8]]) throws {
        var tree = MerkleTree()
        for entry in entries { tree.append(entry) }
        for path in TilePath.added(from: 0, to: tree.size) {
            let range = Int(path.index) * 256..<Int(path.index) * 256 + path.width
            files[path.path] =
                switch path.content {
                case .entries: EntryBundle.encode(entries[range])
                case .hashes(let level): Array(tree.hashes(level: 8 * level, range: range))
                }
        }
        try sign(size: tree.size, root: tree.root)
    }

    /// Puts another checkpoint in place.
    mutating func sign(size: UInt64, root: Digest) throws {
        files["checkpoint"] = try Checkpoint(origin: Self.origin, size: size, root: root).signed(by: Fixtures.signer())
    }

    /// Puts other entries in place of the first one's, and lets all tiles and the checkpoint follow.
    static func rewritten(_ entries: [[UInt8]], at index: Int) throws -> SampleLog {
        var entries = entries
        entries[index] = try event(at: UInt64(index), kind: .jobCancelled)
        return try SampleLog(entries)
    }

    /// Events, of which those at the given places are reports with their event behind them.
    static func entries(_ count: Int, reports: Set<Int> = []) throws -> [[UInt8]] {
        try (0..<count).map { index in
            if reports.contains(index) {
                return HashedRekord.body(paeDigest: .zero, signature: [1, 2], certificate: [3, 4])
            }
            if reports.contains(index - 1) {
                return try event(at: UInt64(index), kind: .attestationIssued, fields: [("reportId", "r1")])
            }
            return try event(at: UInt64(index))
        }
    }

    /// One event as the writer writes it.
    static func event(
        at index: UInt64,
        kind: EventKind = .jobPhaseChanged,
        origin: String = SampleLog.origin,
        fields given: [(String, JSONValue)]? = nil
    ) throws -> [UInt8] {
        let context = EventContext(
            origin: origin,
            datasite: "site_test",
            version: "0.1.0",
            bootID: "boot",
            supervisor: .zero,
            config: .zero,
            pseudonymKey: [UInt8](repeating: 3, count: 32)
        )
        var fields: [(String, JSONValue)] = [("old", "queued"), ("new", "staging")]
        if kind != .jobPhaseChanged { fields = kind.publicFields.filter { $0 != "reportLeaf" }.map { ($0, "x") } }
        fields = given ?? fields
        let event = Event(kind: kind, job: "job_1", actor: "alice", fields: fields, body: [("why", "a b c")])
        var random = SystemRandomNumberGenerator()
        let place = EventPlace(index: index, time: Instant(seconds: 1_750_000_000), monotonic: 7)
        return try event.leaf(at: place, context: context, using: &random).leaf
    }

    func read(_ path: String, limit: Int) -> [UInt8]? { files[path].map { Array($0.prefix(limit + 1)) } }

    func tilePaths() -> [String]? { canList ? files.keys.filter { $0.hasPrefix("tile/") }.sorted() : nil }

    /// The verdict over the log, with leaves unless told otherwise.
    func verdict(leaves: Bool = true, since: [UInt8]? = nil) async throws -> LogVerdict {
        let key = try NoteKey(vkey: Fixtures.logKey)
        var verifier = LogVerifier(self, trust: .key(key), now: Instant(seconds: 1_750_000_000))
        verifier.readsLeaves = leaves
        verifier.since = since
        return try await verifier.verify()
    }
}
