import Foundation
import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

@Suite struct WitnessStoreTests {
    private let site: Site
    private let cosigner: Cosigner
    private let logs: [WatchedLog]
    private let now = Instant(seconds: 1_750_000_000)

    init() throws {
        site = try Site(create: false)
        cosigner = try Cosigner(name: "w.example", seed: Array(1...32))
        logs = [try WatchedLog(origin: site.signer.key.name, keys: [site.signer.key])]
    }

    private func open() throws -> WitnessStore {
        try WitnessStore(site.path + "/witness", cosigner: cosigner, watching: logs)
    }

    private var name: String { WitnessStore.name(ofOrigin: site.signer.key.name) }

    /// A tree whose entry i is the byte i, and from `fork` on another one.
    private static func tree(_ size: UInt64, fork: UInt64 = .max) -> MerkleTree {
        var tree = MerkleTree()
        for index in 0..<size { tree.append([UInt8(index & 0xff), index < fork ? 0 : 1]) }
        return tree
    }

    private func request(_ old: UInt64, _ new: UInt64, fork: UInt64 = .max) throws -> WitnessRequest {
        let tree = Self.tree(new, fork: fork)
        let checkpoint = Checkpoint(origin: site.signer.key.name, size: new, root: tree.root)
        return WitnessRequest(
            old: old,
            proof: try tree.consistency(old: old, new: new),
            note: try checkpoint.signed(by: site.signer)
        )
    }

    private func status(_ outcome: WitnessStore.Outcome) -> Int {
        if case .refused(let refusal, _) = outcome { return refusal.status }
        return 200
    }

    private func evidence(_ outcome: WitnessStore.Outcome) -> LogEvidence? {
        if case .refused(_, let evidence) = outcome { return evidence }
        return nil
    }

    @Test func `shows what it cosigned, across a restart`() throws {
        #expect(try open().checkpoint(name: name) == nil)
        #expect(try status(open().add(request(0, 5), at: now)) == 200)
        let store = try open()
        #expect(try status(store.add(request(5, 9), at: now)) == 200)
        #expect(try status(store.add(request(9, 9), at: now)) == 200, "the same again is cosigned again")
        let note = try SignedNote(parsing: #require(try open().checkpoint(name: name)))
        try note.verify(key: site.signer.key)
        _ = try Cosignature.verify(
            #require(note.line(of: cosigner.key)),
            of: note.text,
            witness: cosigner.key,
            now: now
        )
        #expect(try Checkpoint(text: note.text).size == 9)
        #expect(try store.checkpoint(name: "../keys") == nil)
    }

    @Test func `adds its former key's line until that has ended, and takes a log's new key beside the old`() throws {
        let before = try Cosigner(name: "w.example", seed: Array(2...33))
        let other = try NoteSigner(name: site.signer.key.name, seed: Array(repeating: 1, count: 32))
        let both = [try WatchedLog(origin: other.key.name, keys: [site.signer.key, other.key])]
        let store = try WitnessStore(
            site.path + "/witness",
            cosigner: cosigner,
            former: [(before, now.adding(seconds: 1))],
            watching: both
        )
        func keys(_ outcome: WitnessStore.Outcome) -> [NoteKey] {
            guard case .cosigned(let lines) = outcome else { return [] }
            return [before.key, cosigner.key].filter { key in lines.contains { $0.keyID == key.keyID } }
        }
        #expect(try keys(store.add(request(0, 5), at: now)) == [before.key, cosigner.key])
        let tree = Self.tree(9)
        let checkpoint = Checkpoint(origin: other.key.name, size: 9, root: tree.root)
        let under = WitnessRequest(
            old: 5,
            proof: try tree.consistency(old: 5, new: 9),
            note: try checkpoint.signed(by: other)
        )
        #expect(try keys(store.add(under, at: now.adding(seconds: 1))) == [cosigner.key])
    }

    @Test func `of many requests with one old size exactly one is cosigned`() async throws {
        let store = try open()
        _ = try store.add(request(0, 4), at: now)
        let requests = try (5...20).map { try request(4, $0) }
        let now = now
        let statuses = try await withThrowingTaskGroup(of: (UInt64, Int).self) { group in
            for (offset, request) in requests.enumerated() {
                group.addTask {
                    guard case .refused(let refusal, _) = try store.add(request, at: now) else {
                        return (UInt64(offset) + 5, 200)
                    }
                    return (UInt64(offset) + 5, refusal.status)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0.1 == 200 }.count == 1)
        #expect(statuses.filter { $0.1 == 409 }.count == requests.count - 1)
        let note = try SignedNote(parsing: #require(try store.checkpoint(name: name)))
        #expect(try Checkpoint(text: note.text).size == statuses.first { $0.1 == 200 }?.0)
    }

    @Test func `keeps both checkpoints of a fork, once`() throws {
        let store = try open()
        _ = try store.add(request(0, 6), at: now)
        let first = try store.add(request(6, 6, fork: 3), at: now)
        #expect(status(first) == 422)
        let found = evidence(first)
        let evidence = try #require(found)
        #expect(evidence.isConclusive && evidence.kind == .fork && evidence.key == site.signer.key)
        for note in [evidence.old, evidence.new] { try SignedNote(parsing: note).verify(key: site.signer.key) }
        let again = try store.add(request(6, 6, fork: 3), at: now)
        #expect(self.evidence(again) == nil)
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(site.path)/witness/\(name)")
        #expect(files.filter { $0.hasPrefix("fork-") }.count == 1)
        #expect(try site.read("witness/\(name)/\(files.first { $0.hasPrefix("fork-") } ?? "")") == evidence.bytes)
        let note = try SignedNote(parsing: #require(try store.checkpoint(name: name)))
        #expect(try Checkpoint(text: note.text).root == Self.tree(6).root, "the record stays")
    }

    @Test func `a smaller checkpoint is a suspicion, and suspicions fill no disk`() throws {
        let store = try open()
        _ = try store.add(request(0, 40), at: now)
        let shown = try store.add(request(0, 7), at: now)
        #expect(status(shown) == 409 && evidence(shown)?.kind == .rollback && evidence(shown)?.isConclusive == false)
        for size in 8...39 as ClosedRange<UInt64> { _ = try store.add(request(0, size), at: now) }
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(site.path)/witness/\(name)")
        #expect(files.filter { $0.hasPrefix("suspect-") }.count == WitnessStore.maxEvidence)
        let fork = try store.add(request(40, 40, fork: 3), at: now)
        #expect(evidence(fork)?.isConclusive == true, "suspicions leave room for proof")
    }

    @Test func `cosigns nothing when the record is damaged or cannot be written`() throws {
        let store = try open()
        _ = try store.add(request(0, 5), at: now)
        try site.write("witness/\(name)/checkpoint", [1, 2, 3])
        #expect(Site.code { _ = try store.add(request(5, 6), at: now) } == "log.note-format")
        try site.remove("witness/\(name)")
        _ = FileManager.default.createFile(atPath: "\(site.path)/witness/\(name)", contents: nil)
        #expect(Site.code { _ = try store.add(request(0, 6), at: now) } == "store.io")
    }

    @Test func `the log proves itself to its witnesses`() throws {
        let logSite = try Site()
        try logSite.withLog { log in
            _ = try log.append(Site.events(5))
            let old = try Checkpoint.open(note: log.checkpoint, key: log.key)
            let note = log.checkpoint
            _ = try log.append(Site.events(6))
            let new = try Checkpoint.open(note: log.checkpoint, key: log.key)
            try MerkleProof.verifyConsistency(
                old: (old.size, old.root),
                new: (new.size, new.root),
                proof: log.consistency(from: old.size, to: new.size)
            )
            #expect(try log.proof(3, under: note).proof.verify(entry: log.entry(3).leaf, log: log.key) == old)
            #expect(Site.code { _ = try log.proof(7, under: note) } == "log.index")
            try log.publish()
            let signed = try SignedNote(parsing: log.checkpoint)
            let cosigned = SignedNote(
                text: signed.text,
                signatures: signed.signatures + [try cosigner.cosign(signed.text, at: now)]
            ).bytes
            #expect(try log.publish(cosigned: cosigned))
            #expect(try logSite.read("log/checkpoint") == cosigned)
            _ = try log.append(Site.events(1))
            try log.publish()
            #expect(try !log.publish(cosigned: cosigned), "a newer checkpoint is never replaced by an older one")
            log.stop(because: GloveboxError("log.rollback", "x"))
            #expect(Site.code { _ = try log.append(Site.events(1)) } == "log.unavailable")
        }
        #expect(logSite.refusal() == nil)
    }
}
