import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import Logging
import Synchronization
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A log's side of the protocol, against witnesses that behave well, badly, or not at all.
@Suite(.serialized) struct WitnessesTests {
    /// A founded site whose log policy names these witnesses.
    private static func site(_ witnesses: [(Cosigner, url: String)], quorum: String) throws -> Site {
        let layout = SiteLayout(root: try TestPrograms.scratch())
        let founded = Instant(seconds: Machine.now().seconds)
        let configuration = SiteConfiguration(name: "t", origin: "log.t.example", planQuorum: 1, founded: founded)
        try SiteFounding.found(layout, configuration: configuration, policies: [])
        let key = String(decoding: try StateFile.read(layout.root + "/log.vkey"), as: UTF8.self)
        var policy = "log \(key)"
        for (index, witness) in witnesses.enumerated() {
            policy += "witness w\(index) \(witness.0.key.vkey) \(witness.url)\n"
        }
        let members = witnesses.indices.map { "w\($0)" }.joined(separator: " ")
        policy += "group all-of-them \(quorum) \(members)\nquorum all-of-them\n"
        try StateFile.write(Array(policy.utf8), to: layout.root + "/tlog.wanted")
        try StateFile.write(Array("log:\n  policy: tlog.wanted\n".utf8), to: layout.settings)
        return try Site(opening: layout)
    }

    private static func witnesses(_ site: Site) throws -> Witnesses {
        try Witnesses(site: site, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private static func kinds(_ site: Site) throws -> [EventKind] { try SiteLog.records(site.log).map(\.kind) }

    /// What an honest witness with an empty record answers.
    private static func honest(_ cosigner: Cosigner, at now: Instant = Machine.now()) -> @Sendable ([UInt8]) -> [UInt8]
    {
        { request in
            let text = String(decoding: request, as: UTF8.self)
            do {
                guard let start = text.firstRange(of: "\r\n\r\n") else { return [] }
                let request = try WitnessRequest(parsing: Array(text[start.upperBound...].utf8))
                return try cosigner.cosign(SignedNote(parsing: request.note).text, at: now).line
            } catch { return [] }
        }
    }

    @Test func `a cosigned checkpoint is published, and the quorum's note covers the log`() async throws {
        let cosigner = try Cosigner.generate(name: "w.example")
        let server = try TestServer { TestServer.http(200, Self.honest(cosigner)($0)) }
        let site = try Self.site([(cosigner, "http://127.0.0.1:\(server.port)")], quorum: "all")
        #expect(site.needsQuorum && site.board.withLock { $0.cosigned == nil })
        try await Self.witnesses(site).round()
        let published = try StateFile.read(site.layout.root + "/log/checkpoint")
        let policy = try #require(site.settings.witnessing?.policy)
        #expect(try policy.open(note: published, now: Machine.now()).size == site.log.size)
        #expect(try site.witnessedNote(covering: site.log.size - 1) == published)
        #expect(try !Self.kinds(site).contains(.witnessUnreachable))
    }

    private static let misbehaviour: [(String, @Sendable (Cosigner, [UInt8]) throws -> TestServer.Reply, EventKind)] = [
        ("says nothing", { _, _ in .silence }, .witnessUnreachable),
        ("drips", { _, _ in .drip(Array("HTTP/1.1 200 X\r\n\r\n".utf8)) }, .witnessUnreachable),
        ("speaks no HTTP", { _, _ in .bytes(Array("SSH-2.0-x\r\n".utf8)) }, .witnessUnreachable),
        ("closes", { _, _ in .bytes([]) }, .witnessUnreachable),
        ("fails", { _, _ in TestServer.http(500, []) }, .witnessUnreachable),
        ("has garbage", { _, _ in TestServer.http(200, [0, 1, 0xff]) }, .witnessUnreachable),
        ("sends too much", { _, _ in TestServer.http(200, .init(repeating: 65, count: 1 << 22)) }, .witnessUnreachable),
        (
            "sends elsewhere", { _, _ in TestServer.http(307, [], headers: ["Location: http://127.0.0.1:1/"]) },
            .witnessUnreachable
        ),
        ("counts in words", { _, _ in TestServer.http(409, Array("many\n".utf8)) }, .witnessUnreachable),
        ("stays behind", { _, _ in TestServer.http(409, Array("1\n".utf8)) }, .witnessUnreachable),
        ("is ahead and cannot show it", { _, _ in TestServer.http(409, Array("999999\n".utf8)) }, .witnessDisagreed),
        ("sees a fork and cannot show it", { _, _ in TestServer.http(422, []) }, .witnessDisagreed),
        (
            "cosigns another root",
            { cosigner, _ in
                let other = Checkpoint(origin: "log.t.example", size: 5, root: .zero)
                return TestServer.http(200, try cosigner.cosign(other.text, at: Machine.now()).line)
            }, .witnessDisagreed
        ),
        (
            "cosigns in the future",
            { cosigner, request in
                TestServer.http(200, Self.honest(cosigner, at: Machine.now().adding(seconds: 3600))(request))
            }, .witnessDisagreed
        ),
    ]

    @Test(arguments: misbehaviour.indices)
    func `a witness that misbehaves does no harm beside one that does not`(index: Int) async throws {
        let (name, reply, kind) = Self.misbehaviour[index]
        let (good, bad) = (try Cosigner.generate(name: "good.example"), try Cosigner.generate(name: "bad.example"))
        let honest = try TestServer { TestServer.http(200, Self.honest(good)($0)) }
        let hostile = try TestServer { request in
            do { return try reply(bad, request) } catch { return .bytes([]) }
        }
        let site = try Self.site(
            [(good, "http://127.0.0.1:\(honest.port)"), (bad, "http://127.0.0.1:\(hostile.port)")],
            quorum: "any"
        )
        let witnesses = try Self.witnesses(site)
        try await witnesses.compare()
        let size = site.log.size
        let before = SystemClock.monotonicMilliseconds
        try await witnesses.round()
        #expect(SystemClock.monotonicMilliseconds - before < 8000, "\(name): one second a call")
        #expect(site.board.withLock { $0.note(covering: size - 1) } != nil, "\(name): the good witness counts")
        #expect(site.board.withLock { $0.missing(size - 1) } == ["w1"], "\(name)")
        let kinds = try Self.kinds(site)
        #expect(kinds.last == kind, "\(name): \(kinds.suffix(3))")
        try await witnesses.round()
        #expect(try Self.kinds(site).count == kinds.count, "\(name): one alarm for one fault")
        #expect(throws: Never.self, "\(name): appends go on") { try site.record(Event(kind: .configChanged)) }
    }

    @Test func `while the quorum is missing nothing is shown, and it is said who is missing`() async throws {
        let cosigner = try Cosigner.generate(name: "w.example")
        let site = try Self.site([(cosigner, "http://127.0.0.1:\(TestServer.freePort())")], quorum: "all")
        try await Self.witnesses(site).round()
        let error = #expect(throws: GloveboxError("log.quorum", "")) { try site.witnessedNote(covering: 0) }
        #expect(error?.message.contains("the witness w0") == true)
        #expect(error?.message.contains("since") == true)
    }

    @Test(arguments: [false, true])
    func `its own signature on a history it does not have stops the log`(fork: Bool) async throws {
        let cosigner = try Cosigner.generate(name: "w.example")
        let record = Shown()
        let server = try TestServer { request in
            let note = record.note.withLock { $0 }
            return request.starts(with: Array("GET".utf8))
                ? TestServer.http(200, note) : TestServer.http(fork ? 422 : 409, Array("999\n".utf8))
        }
        let site = try Self.site([(cosigner, "http://127.0.0.1:\(server.port)")], quorum: "all")
        // What the log's key signed before the disk was restored.
        let size: UInt64 = fork ? site.log.size : 999
        let lost = Checkpoint(origin: "log.t.example", size: size, root: .zero)
        let note = try lost.signed(by: site.keys.log)
        record.note.withLock { $0 = note }
        let code = fork ? "log.fork" : "log.rollback"
        let refused = await #expect(throws: GloveboxError(code, "")) { try await Self.witnesses(site).compare() }
        #expect(refused?.message.contains("\(size)") == true)
        let files = try TestPrograms.run("/bin/ls", [site.layout.evidence]).output
        #expect(files.contains(code))
        #expect(try Self.kinds(site).last != .incidentOpened, "nothing is signed by a log that must not go on")
        await #expect(throws: GloveboxError(code, "")) { try await Self.witnesses(site).round() }
        #expect(try Self.kinds(site).last == .incidentOpened)
        #expect(throws: GloveboxError("log.unavailable", "")) { try site.record(Event(kind: .configChanged)) }
    }
}

/// The note a server shows, set after it was started.
private final class Shown: Sendable {
    let note = Mutex<[UInt8]>([])
}
