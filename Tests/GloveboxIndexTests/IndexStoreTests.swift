import GRDB
import Glibc
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxIndex

@Suite struct IndexStoreTests {
    private static func job(_ number: UInt64, phase: JobPhase = .released, name: String? = nil) -> EndedJob {
        EndedJob(
            number: number,
            id: "job_\(number)",
            plan: .zero,
            submitter: number.isMultiple(of: 2) ? "acc_a" : "acc_b",
            project: "p",
            policy: "q",
            name: name,
            tags: name.map { [EndedJob.Tag(key: "k", value: $0)] } ?? [],
            created: Instant(milliseconds: Int64(number)),
            phase: phase,
            revealed: Instant(milliseconds: Int64(10 * number)),
            millibits: 3,
            code: .zero,
            image: .zero,
            started: number.isMultiple(of: 2) ? Instant(milliseconds: Int64(number)) : nil,
            cpuSeconds: 60,
            releasedBytes: number.isMultiple(of: 2) ? 100 : 0,
            events: [number, 1 << 40]
        )
    }

    private static func ids(
        _ store: IndexStore,
        before: UInt64 = .max,
        limit: Int = 10,
        _ change: (inout JobFilter) -> Void = { _ in }
    ) throws -> [UInt64] {
        var filter = JobFilter(at: Instant(milliseconds: 45))
        change(&filter)
        return try store.jobs(filter, before: before, limit: limit).map(\.number)
    }

    @Test func `keeps a batch whole, and tells each job as it was written`() throws {
        let path = try TestPrograms.scratch() + "/index.sqlite"
        let store = try IndexStore(opening: path)
        #expect(try store.beginning(at: Instant(milliseconds: 45)).mark == nil)
        var batch = IndexBatch()
        let names = ["a", "ab", "b", nil, "\u{e9}", "e\u{301}"]
        batch.begun = (0..<7).map { (UInt64($0), "job_\($0)") }
        batch.ended = names.enumerated().map { Self.job(UInt64($0), phase: $0 > 2 ? .failed : .released, name: $1) }
        batch.events = [IndexBatch.JobEvent(index: 9, job: 6), IndexBatch.JobEvent(index: 8, job: 1)]
        (batch.lasting, batch.latest) = ([3, 20], ["pause": 4])
        batch.codes = [(.zero, 12)]
        batch.requests = [IndexBatch.Request(name: "r", body: .zero, job: "job_1")]
        let mark = IndexMark(size: 21, last: .zero)
        try store.write(batch, upTo: mark)
        #expect(throws: GloveboxError("index.failed", "")) {
            try store.write(batch, upTo: IndexMark(size: 99, last: .zero))
        }
        try store.close()

        let again = try IndexStore(opening: path)
        let beginning = try again.beginning(at: Instant(milliseconds: 45))
        #expect(beginning.mark == mark && beginning.events == [3, 9, 20] && beginning.latest == ["pause": 4])
        #expect(beginning.open == ["job_6": 6] && beginning.jobs == 7)
        #expect(beginning.ended == [.released: 3, .failed: 3] && beginning.charged == ["p": 18])
        let hours: [Int64: Int64] = [0: 180]
        #expect(beginning.usage == ["p": ProjectUsage(runs: 3, releasedBytes: 300, hours: hours)])
        for job in batch.ended { #expect(try again.job(job.id) == job) }
        #expect(try again.job("job_6") == nil && again.job("other") == nil)
        #expect(try again.code(.zero) == 12 && again.request("r")?.job == "job_1" && again.request("s") == nil)
        #expect(try again.count(project: "p", policy: "q", after: Instant(milliseconds: 2)) == 3)
        #expect(try again.job(withPlan: .zero) == "job_5")
        let other = try #require(Digest(bytes: [UInt8](repeating: 1, count: 32)))
        #expect(try again.uses(code: .zero) && again.uses(image: .zero))
        #expect(try !again.uses(code: other) && !again.uses(image: other))
        #expect(try again.kept(endedBefore: Instant(milliseconds: 30), limit: 2) == ["job_0", "job_1"])
        try again.noteGone("job_0")
        #expect(try again.kept(endedBefore: Instant(milliseconds: 30), limit: 9) == ["job_1", "job_2"])
        try again.close()
    }

    @Test func `finds those that may fit, newest first, byte by byte`() throws {
        let store = try IndexStore(opening: TestPrograms.scratch() + "/index.sqlite")
        var batch = IndexBatch()
        let names = ["a", "ab", "b", nil, "\u{e9}", "e\u{301}"]
        batch.begun = (0..<6).map { (UInt64($0), "job_\($0)") }
        batch.ended = names.enumerated().map { Self.job(UInt64($0), phase: $0 > 2 ? .failed : .released, name: $1) }
        try store.write(batch, upTo: IndexMark(size: 21, last: .zero))
        #expect(try Self.ids(store) == [5, 4, 3, 2, 1, 0])
        #expect(try Self.ids(store, before: 4, limit: 2) == [3, 2])
        #expect(try Self.ids(store) { $0.submitter = "acc_b" } == [5, 3, 1])
        #expect(try Self.ids(store) { $0.project = "other" } == [])
        // Job 5 is not shown to everyone yet.
        #expect(try Self.ids(store) { $0.phases = [.released] } == [5, 2, 1, 0])
        #expect(try Self.ids(store) { $0.phases = [.failed] } == [5, 4, 3])
        #expect(try Self.ids(store) { $0.revealedSince = Instant(milliseconds: 40) } == [5, 4])
        #expect(try Self.ids(store) { $0.namePrefix = "a" } == [1, 0])
        #expect(try Self.ids(store) { $0.namePrefix = "e" } == [5])
        #expect(try Self.ids(store) { $0.namePrefix = "" } == [5, 4, 2, 1, 0])
        #expect(try Self.ids(store) { $0.tags = [EndedJob.Tag(key: "k", value: "\u{e9}")] } == [4])
        #expect(try Self.ids(store) { $0.tags = [EndedJob.Tag(key: "k", value: "")] } == [5, 4, 2, 1, 0])
        try store.close()
    }

    @Test func `an index from before projects had quotas is read anew from the journal`() throws {
        let path = try TestPrograms.scratch() + "/index.sqlite"
        let old = try IndexStore(opening: path, steps: Array(IndexMigrations.all.prefix(1)))
        try old.change { db in
            try db.execute(
                sql: """
                    INSERT INTO mark VALUES (1, 21, x'00');
                    INSERT INTO job (number, id, project, phase, millibits) VALUES (0, 'job_0', 'p', 'released', 3);
                    INSERT INTO job (number, id) VALUES (1, 'job_1');
                    INSERT INTO job_event VALUES (9, 1); INSERT INTO tag VALUES (x'00', x'00', 0);
                    INSERT INTO lasting VALUES (3); INSERT INTO latest VALUES ('pause', 4);
                    """
            )
        }
        try old.close()
        let new = try IndexStore(opening: path)
        let beginning = try new.beginning(at: Instant(milliseconds: 45))
        #expect(beginning.mark == nil && beginning.events.isEmpty && beginning.jobs == 0 && beginning.charged.isEmpty)
        try new.close()
    }

    @Test func `a step forward copies the index first, and an index of later steps is refused`() throws {
        let path = try TestPrograms.scratch() + "/index.sqlite"
        let first = try IndexStore(opening: path)
        try first.write(IndexBatch(), upTo: IndexMark(size: 7, last: .zero))
        try first.close()
        let steps = IndexMigrations.all
        let next = IndexMigrations.Step(number: steps.count + 1) { db in
            try db.execute(sql: "UPDATE mark SET size = 8; CREATE TABLE more (x INTEGER)")
        }
        let second = try IndexStore(opening: path, steps: steps + [next])
        #expect(try second.beginning(at: Instant(milliseconds: 45)).mark?.size == 8)
        try second.close()
        #expect(throws: GloveboxError("index.newer", "")) { try IndexStore(opening: path) }
        let copy = try IndexStore(opening: "\(path).before-\(steps.count + 1)")
        #expect(try copy.beginning(at: Instant(milliseconds: 45)).mark?.size == 7)
        try copy.close()
    }

    @Test func `what is no index is refused, and other users cannot read one`() throws {
        let path = try TestPrograms.scratch() + "/index.sqlite"
        let store = try IndexStore(opening: path)
        try store.write(IndexBatch(), upTo: IndexMark(size: 7, last: .zero))
        for file in [path, path + "-wal"] {
            #expect(try Descriptor.open(file, O_RDONLY).status().permissions == 0o600)
        }
        #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        #expect(try store.pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
        #expect(try store.read { try Int.fetchOne($0, sql: "PRAGMA foreign_keys") } == 1)
        try store.close()
        try IndexStore.remove(path)
        try Descriptor.open(path, O_WRONLY | O_CREAT).write([UInt8](repeating: 65, count: 5000))
        #expect(throws: GloveboxError("index.damaged", "")) { try IndexStore(opening: path) }
    }
}
