import Foundation
import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Synchronization
import Testing

@Suite struct LogWriterTests {
    private let site: Site

    init() throws { site = try Site() }

    @Test func `gives indexes, chains a job's events and proves each one`() throws {
        try site.withLog { log throws in
            #expect(try log.append(Site.events(2, job: "job_a")) == [0, 1])
            #expect(try log.append(Site.events(1, job: "job_b") + Site.events(1, job: "job_a")) == [2, 3])
            #expect(try log.append([]) == [])
            for index in 0..<UInt64(4) {
                let (entry, proof) = try log.proof(index)
                #expect(try TlogProof(parsing: proof.bytes).verify(entry: entry, log: log.key).size == 4)
                let value = try JSONReader.readCanonical(entry)
                #expect(value["metadata"]?["sequence"]?.integer == Int64(index))
                let previous = value["unmapped"]?["glovebox"]?["prevJobEvent"]?.string
                #expect(previous == [nil, "0", nil, "1"][Int(index)])
            }
            #expect(Site.code { _ = try log.proof(4) } == "log.index")
        }
    }

    @Test func `reads everything back after a restart, private bodies too`() throws {
        try site.withLog { log throws in
            for index in 0..<30 { _ = try log.append(Site.events(1 + index % 3, job: "job_a")) }
        }
        try site.withLog { log throws in
            #expect(log.size == 59 + 1)
            var seen: UInt64 = 0
            try log.replay { entry throws(GloveboxError) in
                if entry.index == seen && entry.body?.fields.first?.value == "a b c" { seen += 1 }
            }
            #expect(seen == log.size)
            _ = try log.append(Site.events(1, job: "job_a"))
            let last = try log.entry(log.size - 1)
            guard case .event(let value) = last.kind else {
                Issue.record("not an event")
                return
            }
            #expect(value["unmapped"]?["glovebox"]?["prevJobEvent"]?.string == "59")
            #expect(value["unmapped"]?["glovebox"]?["bodyCommit"]?.string == last.body?.commitment.hex)
        }
    }

    @Test func `passes over what is not wanted, but compares it with the tree, and never passes over what was erased`()
        throws
    {
        try site.withLog(segmentBytes: 1 << 14) { log throws in
            for _ in 0..<5 {
                for _ in 0..<4 { _ = try log.append(Site.events(30, job: "job_a")) }
                _ = try log.append([Event(kind: .checkpointPublished, body: [("text", "beat")])])
            }
            try log.destroyBody(7) { _ in }
            let wanted: [UInt64] = [7, 120, 241, 362, 483, 604]
            for start in [0, 3, 256, 500] as [UInt64] {
                var seen: [UInt64] = []
                try log.replay(from: start, where: { $0.kind == .checkpointPublished && !$0.isOfJob }) {
                    entry throws(GloveboxError) in seen.append(entry.index)
                }
                #expect(seen == wanted.filter { $0 >= start })
            }
        }
        var segment = try site.read("journal/0.wal")
        let place = try #require(segment.firstRange(of: Array("job_a".utf8)))
        segment[place.lowerBound + 1] ^= 1
        try site.write("journal/0.wal", segment)
        let code = Site.code {
            try site.withLog { log throws in try log.replay(where: { _ in false }) { (_) throws(GloveboxError) in } }
        }
        #expect(code == "log.entry-mismatch")
    }

    @Test func `pairs a report with its event in one record`() throws {
        let body = HashedRekord.body(paeDigest: .zero, signature: [1], certificate: [2])
        try site.withLog { log throws in
            _ = try log.append(Site.events(3))
            let issued = Event(kind: .attestationIssued, job: "job_a", fields: [("reportId", .string(Digest.zero.hex))])
            let (report, event) = try log.appendReport(hashedRekord: body, issued: issued)
            #expect((report, event) == (3, 4))
            #expect(try log.proof(3).entry == body)
            #expect(try log.entry(3).body == nil)
            let leaf = try JSONReader.readCanonical(try log.proof(4).entry)
            #expect(leaf["unmapped"]?["glovebox"]?["reportLeaf"]?.string == "3")
            #expect(Site.code { _ = try log.append([issued]) } == "log.unpaired-report")
            let nameless = Event(kind: .attestationIssued)
            #expect(
                Site.code { _ = try log.appendReport(hashedRekord: body, issued: nameless) } == "log.unpaired-report"
            )
            #expect(
                Site.code { _ = try log.appendReport(hashedRekord: [123, 125], issued: issued) } == "log.leaf-kind"
            )
            #expect(log.size == 5)
        }
    }

    @Test func `publishes tiles, bundles and the checkpoint byte for byte`() throws {
        let log = try site.open()
        for _ in 0..<3 { _ = try log.append(Site.events(171)) }
        try log.publish()
        log.close()
        let size = 513
        let checkpoint = try Checkpoint.open(note: site.read("log/checkpoint"), key: site.signer.key)
        #expect(checkpoint.size == 513)
        var tree = MerkleTree()
        for path in TilePath.added(from: 0, to: UInt64(size)) where path.content == .entries {
            for entry in try EntryBundle.decode(site.read("log/\(path.path)"), width: path.width) { tree.append(entry) }
        }
        #expect(tree.root == checkpoint.root)
        for path in TilePath.added(from: 0, to: UInt64(size)) {
            guard case .hashes(let level) = path.content else { continue }
            let start = Int(path.index) * 256
            let expected = Array(tree.hashes(level: 8 * level, range: start..<start + path.width))
            #expect(try site.read("log/\(path.path)") == expected)
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(site.path)/log/tile/0/000")
        #expect(attributes[.posixPermissions] as? Int == 0o444)
    }

    @Test func `refuses an event that cannot be written, and goes on`() throws {
        try site.withLog { log throws in
            let bad = Event(kind: .jobEnded, fields: [("exit", "free text")])
            #expect(Site.code { _ = try log.append([bad]) } == "log.schema")
            let unlisted = Event(kind: .jobEnded, fields: [("text", "x")])
            #expect(Site.code { _ = try log.append([unlisted]) } == "log.schema")
            #expect(Site.code { _ = try log.append(Site.events(257)) } == "log.batch")
            let long = Event(kind: .jobEnded, body: [("x", .string(String(repeating: "x", count: 200_000)))])
            #expect(Site.code { _ = try log.append([long]) } == "log.schema")
            #expect(try log.append(Site.events(1)) == [0])
        }
    }

    @Test func `lets many threads append, each index once`() async throws {
        let log = try site.open()
        let indexes = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var own: [UInt64] = []
                    for _ in 0..<10 { own += try log.append(Site.events(2)) }
                    return own
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(indexes.sorted() == Array(0..<160))
        log.close()
        #expect(Site.code { _ = try log.append(Site.events(1)) } == "log.unavailable")
        #expect(try site.withLog { $0.size } == 160)
    }

    @Test func `lets many tasks append beside threads, none holding a thread, each index once`() async throws {
        let log = try site.open()
        let indexes = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for task in 0..<200 {
                group.addTask {
                    var own: [UInt64] = []
                    for _ in 0..<5 {
                        // Where every thread of the pool waited in a call, no task would get on.
                        own += try await task % 50 == 0 ? log.append(Site.events(1)) : log.enqueue(Site.events(2))
                    }
                    return own
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(indexes.sorted() == Array(0..<UInt64(4 * 5 + 196 * 10)))
        log.close()
        await #expect(throws: GloveboxError("log.unavailable", "")) { try await log.enqueue(Site.events(1)) }
        #expect(try site.withLog { $0.size } == UInt64(indexes.count))
    }

    @Test func `lets more callers gather than one record holds`() async throws {
        let log = try site.open()
        let indexes = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for caller in 0..<24 {
                group.addTask {
                    var own: [UInt64] = []
                    for turn in 0..<6 { own += try log.append(Site.events(caller % 3 == turn % 3 ? 256 : 90)) }
                    return own
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(indexes.sorted() == Array(0..<UInt64(24 * (2 * 256 + 4 * 90))))
        log.close()
        #expect(try site.withLog { $0.size } == UInt64(indexes.count))
    }

    @Test func `lets nobody wait who appends while the log is closed`() async throws {
        let log = try site.open()
        let acknowledged = Mutex(0)
        let waiting = Mutex(16)
        for _ in 0..<8 {
            Thread.detachNewThread {
                while Site.code({ _ = try log.append(Site.events(1)) }) == nil { acknowledged.withLock { $0 += 1 } }
                waiting.withLock { $0 -= 1 }
            }
            Task.detached { @Sendable in
                while (try? await log.enqueue(Site.events(1))) != nil { acknowledged.withLock { $0 += 1 } }
                waiting.withLock { $0 -= 1 }
            }
        }
        while log.size < 80 { try await Task.sleep(for: .milliseconds(1)) }
        log.close()
        // Tasks need a thread of the pool, and other tests may have all of them for a while.
        let end = ContinuousClock.now + .seconds(120)
        while waiting.withLock({ $0 }) > 0, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(10)) }
        #expect(waiting.withLock { $0 } == 0)
        #expect(try site.withLog { $0.size } >= UInt64(acknowledged.withLock { $0 }))
    }

    @Test func `makes more segments ahead while many are begun, and takes them away at the end`() throws {
        let site = try Site()
        let journal = site.path + "/journal"
        func ahead() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: journal).count { $0.hasPrefix(".new-") }
        }
        try site.withLog { log in
            try log.publish()
            #expect(try ahead() == 1)
            for _ in 0..<4 { _ = try log.append(Site.events(100)) }
            try log.publish()
            #expect(try (3...6).contains(ahead()))
        }
        #expect(try ahead() == 0)
    }

    @Test func `keeps to segments that are no whole number of pages, and leaves zeros after the last record`() throws {
        let site = try Site()
        for turn in 0..<3 {
            try site.withLog(segmentBytes: 21_001) { log in
                #expect(log.size == UInt64(20 * turn))
                for _ in 0..<20 { _ = try log.append(Site.events(1)) }
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: site.path + "/journal")
        let segments = names.filter { $0.hasSuffix(".wal") }
        #expect(segments.count > 3)
        for name in segments {
            let bytes = try site.read("journal/\(name)")
            #expect(bytes.count == 21_001)
            #expect(bytes.suffix(1000).allSatisfy { $0 == 0 })
        }
    }

    @Test func `is opened once at a time, by the right key, with private directories`() throws {
        let log = try site.open()
        #expect(site.refusal() == "log.locked")
        log.close()
    }

    @Test func `refuses another key, and directories others may read`() throws {
        let other = try NoteSigner(name: "log.datasite.example", seed: Array(repeating: 1, count: 32))
        #expect(Site.code { try site.open(signer: other).close() } == "log.checkpoint-signature")
        let renamed = try NoteSigner(name: "log.other.example", seed: Array(0...31))
        #expect(Site.code { try site.open(signer: renamed).close() } == "log.checkpoint-signature")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(site.path)/journal")
        #expect(site.refusal() == "store.permissions")
    }

    @Test func `goes on under a changed key, beside the old one until that has ended`() throws {
        let old = site.signer
        let new = try NoteSigner(name: old.key.name, seed: Array(repeating: 1, count: 32))
        let end = Instant(seconds: 1_000)
        func lines(of signer: any CheckpointSigner) throws -> [NoteKey] {
            let log = try site.open(signer: signer)
            defer { log.close() }
            let before = log.size
            let index = try #require(log.append(Site.events(1)).first)
            let note = try SignedNote(parsing: log.checkpoint)
            #expect(index == before)
            // A proof leads to a checkpoint from before the change, too.
            let proof = try log.proof(index).proof
            #expect(
                try proof.verify(entry: log.entry(index).leaf, logs: [new.key, old.key]).checkpoint.size == before + 1
            )
            return [old.key, new.key].filter { key in Site.code { try note.verify(key: key) } == nil }
        }
        func changed(_ secret: NoteSigner?, at seconds: Int64) throws -> LogSigner {
            let former = LogSigner.Former(old.key, signer: secret, until: end)
            return try LogSigner(new, former: [former], now: { Instant(seconds: seconds) })
        }
        #expect(try lines(of: old) == [old.key])
        // The checkpoint on disk is the old key's, and is signed again before anything else.
        let log = try site.open(signer: changed(nil, at: 1_000))
        #expect(try SignedNote(parsing: log.checkpoint).line(of: new.key) != nil)
        log.close()
        #expect(try lines(of: changed(old, at: 999)) == [old.key, new.key])
        #expect(try lines(of: changed(old, at: 1_000)) == [new.key])
        #expect(try lines(of: changed(nil, at: 999)) == [new.key])
        #expect(site.refusal() == "log.checkpoint-signature", "the old key alone opens it no more")
        let renamed = try NoteSigner(name: "log.other.example", seed: Array(0...31))
        #expect(
            Site.code {
                _ = try LogSigner(new, former: [.init(renamed.key, signer: renamed, until: end)], now: { end })
            }
                == "log.origin"
        )
    }

    @Test func `creates a log once and never by itself`() throws {
        #expect(Site.code { try LogWriter.create(in: site.path, signer: site.signer) } == "log.exists")
        try site.remove("sign-lock/slots")
        #expect(site.refusal() == "log.sign-lock")
        #expect(Site.code { try LogWriter.create(in: site.path, signer: site.signer) } == nil)
    }
}
