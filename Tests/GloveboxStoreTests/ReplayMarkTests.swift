import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

/// Start-up from a mark: the finished part of a long journal is not read again.
@Suite struct ReplayMarkTests {
    private let site: Site

    init() throws { site = try Site() }

    /// Appends until a mark stands, with jobs and keys in its part and after it.
    private func fill() throws -> UInt64 {
        let log = try site.open(segmentBytes: 4096)
        defer { log.close() }
        var size: UInt64 = 0
        while size < 260 || !site.exists("journal/mark") {
            let event = Event(kind: .jobPhaseChanged, job: "job_\(size % 7)", idempotencyKey: "key-\(size)")
            size = try log.append([event] + Site.events(4))[4] + 1
            try log.publish()
        }
        _ = try log.append(Site.events(3))
        return log.size
    }

    @Test func `starts from the mark, and knows jobs and keys from before it`() throws {
        let size = try fill()
        // An entry in a segment before the mark is not read at start-up, so damage there is found when it is read.
        var bytes = try site.read("journal/0.wal")
        bytes[200] ^= 1
        try site.write("journal/0.wal", bytes)
        try site.withLog(segmentBytes: 4096) { log throws in
            #expect(log.size == size)
            #expect(Site.code { _ = try log.entry(0) } == "log.entry-mismatch")
            #expect(try log.proof(7).proof.verify(entry: log.entry(7).leaf, log: log.key).size == size)
            let retried = Event(kind: .jobPhaseChanged, job: "job_5", idempotencyKey: "key-5")
            #expect(try log.append([retried]) == [5])
            _ = try log.append([Event(kind: .jobPhaseChanged, job: "job_5")])
            guard case .event(let leaf) = try log.entry(size).kind else {
                Issue.record("not an event")
                return
            }
            let previous = try #require(leaf["unmapped"]?["glovebox"]?["prevJobEvent"]?.string.flatMap(UInt64.init))
            guard case .event(let before) = try log.entry(previous).kind else {
                Issue.record("not an event")
                return
            }
            #expect(before["unmapped"]?["glovebox"]?["job"]?.string == "job_5")
        }
    }

    @Test func `replays everything when the mark is damaged, gone, or its tiles are`() throws {
        let size = try fill()
        let mark = try site.read("journal/mark")
        for place in [0, 5, mark.count / 2, mark.count - 1] {
            var bytes = mark
            bytes[place] ^= 1
            try site.write("journal/mark", bytes)
            #expect(try site.withLog(segmentBytes: 4096) { $0.size } == size)
        }
        try site.remove("journal/mark")
        #expect(try site.withLog(segmentBytes: 4096) { $0.size } == size)
    }

    @Test func `refuses when a finished segment is gone`() throws {
        _ = try fill()
        try site.remove("journal/5.wal")
        #expect(site.refusal() == "log.journal-corrupt")
    }
}
