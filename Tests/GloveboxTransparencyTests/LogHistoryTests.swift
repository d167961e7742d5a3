import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct LogHistoryTests {
    private let entries: [[UInt8]]
    private let log: SampleLog

    init() throws {
        entries = try SampleLog.entries(700)
        log = try SampleLog(entries)
    }

    private func checkpoint(_ entries: [[UInt8]]) throws -> [UInt8] {
        try #require(SampleLog(entries).files["checkpoint"])
    }

    @Test(arguments: [0, 1, 2, 255, 256, 257, 512, 699, 700])
    func `verifies a log that goes on from the checkpoint that was kept`(size: Int) async throws {
        let verdict = try await log.verdict(since: checkpoint(Array(entries[..<size])))
        #expect(verdict.isVerified, "\(verdict.story)")
        #expect(verdict.kept?.size == UInt64(size))
    }

    @Test func `calls a smaller log a rollback, and keeps both signed checkpoints`() async throws {
        let kept = try checkpoint(entries)
        let small = try SampleLog(Array(entries[..<600]))
        let verdict = try await small.verdict(since: kept)
        #expect(verdict.reason == "log.rollback")
        #expect(verdict.story.last?.hasPrefix("ROLLBACK") == true)
        let evidence = try #require(verdict.evidence)
        #expect(evidence.old == kept && evidence.new == small.files["checkpoint"])
        let json = try JSONReader.readCanonical(evidence.bytes)
        #expect(json["finding"]?.string == "rollback")
        #expect(json["old"]?.string.map { Array($0.utf8) } == kept)
    }

    @Test(arguments: [(700, 0), (700, 699), (300, 299), (256, 7), (1, 0), (600, 5)])
    func `calls another history a fork, and keeps the proof that failed`(size: Int, changed: Int) async throws {
        let other = try SampleLog.rewritten(entries, at: changed)
        let kept = try checkpoint(Array(entries[..<size]))
        let verdict = try await other.verdict(since: kept)
        #expect(verdict.reason == "log.fork")
        #expect(verdict.story.last?.hasPrefix("FORK") == true)
        let evidence = try #require(verdict.evidence)
        #expect(evidence.proof.isEmpty == (size == 700))
        // What anyone who gets the evidence can do: both checkpoints are signed, and the proof leads to the new alone.
        let key = try NoteKey(vkey: Fixtures.logKey)
        let (old, new) = (
            try Checkpoint.open(note: evidence.old, key: key), try Checkpoint.open(note: evidence.new, key: key)
        )
        #expect(throws: GloveboxError("log.fork", "")) {
            try MerkleProof.verifyConsistency(
                old: (old.size, old.root),
                new: (new.size, new.root),
                proof: evidence.proof
            )
        }
    }

    @Test func `accuses nobody of a fork when the files are damaged`() async throws {
        var damaged = log
        damaged.files["tile/0/001"]?[0] ^= 1
        let verdict = try await damaged.verdict(since: checkpoint(Array(entries[..<300])))
        #expect(verdict.reason == "log.tile-hash")
        #expect(verdict.evidence == nil && verdict.skipped[.history] != nil)
    }

    @Test func `a kept checkpoint that the log did not sign is no evidence`() async throws {
        let text = "log.datasite.example\n9000\n\(Base64.encode(Digest.zero.bytes))\n"
        let stranger = try NoteSigner(name: "log.datasite.example", seed: Array(repeating: 9, count: 32))
        let forged = try stranger.sign(Array(text.utf8)).bytes
        await #expect(throws: GloveboxError("log.checkpoint-signature", "")) { try await log.verdict(since: forged) }
    }

    @Test(arguments: [1, 2, 255, 256, 257, 700])
    func `proofs from tiles are those of the tree`(size: Int) async throws {
        var tree = MerkleTree()
        for entry in entries { tree.append(entry) }
        var tiles = TileTree(log, size: UInt64(size))
        // A log of 700 entries has the tiles of every smaller one, each in a full tile or to the left in a partial one.
        if size != 700 { tiles = TileTree(try SampleLog(Array(entries[..<size])), size: UInt64(size)) }
        let root = try await tiles.root()
        #expect(try root == tree.root(size: UInt64(size)))
        for index in Set([0, size / 2, size - 1]) {
            let path = try await tiles.inclusion(index: UInt64(index))
            #expect(try path == tree.inclusion(index: UInt64(index), size: UInt64(size)))
            #expect(try await log.entry(UInt64(index), size: 700) == entries[index])
        }
        for old in Set([1, size / 3, size - 1, size]) {
            let proof = try await tiles.consistency(old: UInt64(old))
            #expect(try proof == tree.consistency(old: UInt64(old), new: UInt64(size)))
        }
    }

    @Test func `finds an event by its uid, and nothing by another`() async throws {
        let search = EventSearch(log, size: 700)
        let uid = try #require(JSONReader.read(entries[513])["metadata"]?["uid"]?.string)
        #expect(try await search.index(of: uid) == 513)
        #expect(try await search.index(of: "513") == 513)
        for name in ["700", "", "0513", "-1", "018f0000-0000-7000-8000-000000000000"] {
            await #expect(throws: GloveboxError("log.index", "")) { try await search.index(of: name) }
        }
    }
}
