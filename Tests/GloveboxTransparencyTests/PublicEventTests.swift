import GloveboxCore
import Testing

@testable import GloveboxTransparency

/// Events as auditors read them, in place and by the strict reader.
@Suite struct PublicEventTests {
    private let context = EventContext(
        origin: "log.datasite.example",
        datasite: "site_demo",
        version: "0.1.0",
        bootID: "boot",
        supervisor: .zero,
        config: .zero,
        pseudonymKey: Array(repeating: 7, count: 32)
    )

    private func leaf(_ event: Event) throws -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        let template = try event.template(
            at: Instant(milliseconds: 1_750_000_000_123),
            monotonic: 1,
            context: context,
            using: &random
        )
        return template.leaf(index: 9, previousOfJob: event.job.map { _ in 4 })
    }

    @Test(arguments: EventKind.allCases)
    func `reads in place what the strict reader reads`(kind: EventKind) throws {
        let event = Event(
            kind: kind,
            job: "job_1",
            project: "prj_1",
            dataset: "ds_1",
            output: "out_1",
            actor: "alice",
            user: "bob",
            statusCode: "x.failed",
            fields: [("list", [1, "a", ["b": false]]), ("quorum", "2")]
        )
        let leaf = try leaf(event)
        var json = PlainJSON([0] + leaf + [0])
        let found = try #require(try PublicEvent(&json, 1..<1 + leaf.count, at: 9))
        let strict = try PublicEvent(JSONReader.readCanonical(leaf), at: 9)
        #expect(String(reflecting: found) == String(reflecting: strict))
        #expect(found.previousOfJob == 4 && found.number("quorum") == 2 && found.details.contains { $0.name == "list" })
    }

    @Test func `leaves reports, other text and what is no event to the strict reader`() throws {
        for text in [
            "{\"apiVersion\":\"0.0.2\",\"class_uid\":1}", "{\"a\":1}", "{\"class_uid\":1,\"x\":\"\u{e9}\"}", "[",
        ] {
            var json = PlainJSON(Array(text.utf8))
            let event = try PublicEvent(&json, 0..<text.utf8.count, at: 0)
            #expect(event == nil)
        }
        #expect(throws: GloveboxError("log.schema", "")) {
            var json = PlainJSON(Array("{\"class_uid\":1}".utf8))
            _ = try PublicEvent(&json, 0..<15, at: 0)
        }
    }

    /// A log whose bundles come the later the earlier they stand.
    private struct SlowLog: LogSource {
        let log: SampleLog

        func read(_ path: String, limit: Int) async throws(GloveboxError) -> [UInt8]? {
            let number = path.split(separator: "/").last.flatMap { UInt64($0.prefix(3)) } ?? 0
            do { try await Task.sleep(nanoseconds: 2_000_000 * (20 - min(19, number))) } catch {
                throw GloveboxError("input.io", "cancelled")
            }
            return log.read(path, limit: limit)
        }

        func tilePaths() async throws(GloveboxError) -> [String]? { log.tilePaths() }
    }

    @Test(arguments: [1, 256, 700, 2048, 2400])
    func `reads events in the order of the tree, whichever bundle comes first`(count: Int) async throws {
        let log = try SampleLog(SampleLog.entries(count, reports: [3]))
        let checkpoint = try Checkpoint.open(note: log.files["checkpoint"] ?? [], key: Fixtures.signer().key)
        var seen: [UInt64] = []
        let bodies = try await EventReading(SlowLog(log: log), checkpoint: checkpoint).read { event, _ in
            seen.append(event.index)
        }
        #expect(bodies == 0)
        #expect(seen == (0..<UInt64(count)).filter { $0 != 3 || count < 4 })
    }

    @Test(arguments: [1, 256, 700, 2400])
    func `tells the same events in the pass that verifies, and none of an entry with a fault`(count: Int) async throws {
        var log = try SampleLog(SampleLog.entries(count, reports: [3]))
        let trust = LogTrust.key(try Fixtures.signer().key)
        func told(_ log: SampleLog) async throws -> (verdict: LogVerdict, events: [UInt64]) {
            var seen: [UInt64] = []
            let verdict = try await LogVerifier(SlowLog(log: log), trust: trust, now: Instant(seconds: 0)).verify {
                seen.append($0.index)
            }
            return (verdict, seen)
        }
        let all = (0..<UInt64(count)).filter { $0 != 3 || count < 4 }
        let whole = try await told(log)
        #expect(whole.verdict.isVerified && whole.events == all)
        let path = TilePath(.entries, index: 0, width: min(256, count)).path
        var bundle = try #require(log.files[path])
        // The brace that begins the first entry.
        bundle[2] ^= 1
        log.files[path] = bundle
        let damaged = try await told(log)
        #expect(!damaged.verdict.isVerified && damaged.events == all.filter { $0 != 0 })
    }
}
