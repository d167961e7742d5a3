import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJail
import GloveboxJobs
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What runs on private data write: who reads it, and until when.
@Suite(.serialized) struct RunTextTests {
    private static let image = TestPrograms.image("python")
    private static let isReady = image != nil && TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    private func code(_ body: () throws -> Void) -> String? {
        do { try body() } catch let error as GloveboxError { return error.code } catch { return "\(error)" }
        return nil
    }

    private static let owner = TestSite.owner
    private static let auditor = Caller(account: "acc_auditor", name: "audrey", roles: [.auditor])

    @Test(.enabled(if: isReady, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `the data's owner and auditors read what a run wrote, on record, and who submitted it never`() throws {
        var test = try TestSite(image: Self.image)
        let program = "import sys\nprint('it has 6366 rows')\nprint('trace', file=sys.stderr)\nsys.exit(3)\n"
        let job = try test.submit(program, wallSeconds: 8)
        try test.vote(.approve, on: job)
        #expect(code { _ = try test.site.text(Self.owner, job) } == "job.phase", "it has not run")
        try test.start()
        try #require(try test.wait(for: job) { $0.text != nil }.text != nil)
        #expect(code { _ = try test.site.text(Self.owner, job) } == "job.phase", "its declared time is not over")
        try #require(try eventually { try test.entry(job).job.cleanup == .done })
        try #require(eventually { code { _ = try test.site.text(Self.owner, job) } == nil })
        let text = try test.site.text(Self.auditor, job)
        #expect(text.job == job && text.programs.count == 1)
        #expect(text.programs.first?.out == Array("it has 6366 rows\n".utf8))
        #expect(text.programs.first?.error == Array("trace\n".utf8) && text.programs.first?.errorBytes == 6)
        // Whatever else they are, and whoever else they are.
        let alice = test.researcher.caller.account
        let both = Caller(account: alice, name: "alice", roles: [.researcher, .owner, .auditor])
        for caller in [
            both, test.researcher.caller, test.reviewer.caller,
            Caller(account: "acc_other", name: "other", roles: [.owner]),
            Caller(account: "acc_owner", name: "owner", roles: [.operator]),
        ] { #expect(code { _ = try test.site.text(caller, job) } == "auth.forbidden", "\(caller.name)") }
        let read = try SiteLog.records(test.site.log).filter { $0.kind == .outputTextRead }
        #expect(read.map(\.job) == [job, job], "each reading is on record, and no refusal is")
        let evidence = try test.evidenceFiles(job).files.map { String(decoding: $0.content, as: UTF8.self) }
        #expect(!evidence.contains { $0.contains("6366") })
        let path = test.layout.texts + "/" + job
        #expect(try !String(decoding: StateFile.read(path), as: UTF8.self).contains("6366"), "it is encrypted")
        #expect(try test.findings().isEmpty)

        try test.reopen { _ in }
        #expect(try test.site.text(Self.owner, job) == text)
        try test.reopen { _ in try StateFile.write([UInt8](repeating: 1, count: 99), to: path) }
        let changed = code { _ = try test.site.text(Self.owner, job) }
        #expect(changed == "output.destroyed", "bytes that changed are not shown")
    }

    @Test(.enabled(if: isReady, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `what a run wrote goes after thirty days, on record, and stays until then`() throws {
        let test = try TestSite(image: Self.image)
        let job = try test.submit("print('x')\n", wallSeconds: 2)
        try test.vote(.approve, on: job)
        try test.start()
        try #require(try eventually { try test.entry(job).job.cleanup == .done })
        let path = test.layout.texts + "/" + job
        func collect(after days: Int64) throws -> [CollectedItem] {
            var collector = Collector(site: test.site, isDry: false, at: Machine.now().adding(seconds: days * 86400))
            return try collector.collect().items.filter { $0.kind == .text }
        }
        #expect(try collect(after: 29).isEmpty && StateFile.exists(path))
        #expect(try collect(after: 31).map(\.name) == [job])
        #expect(try !StateFile.exists(path) && collect(after: 31).isEmpty)
        #expect(code { _ = try test.site.text(Self.owner, job) } == "output.destroyed")
        #expect(try SiteLog.records(test.site.log).filter { $0.kind == .outputDestroyed }.map(\.job) == [job])
        #expect(try test.findings().isEmpty)
    }

    @Test(.enabled(if: isReady, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `of a program that is stopped the words are kept too, and of one that floods the end of them`() throws {
        let test = try TestSite(image: Self.image)
        let program = """
            import sys, time
            for _ in range(64): sys.stdout.write('x' * (1 << 20))
            sys.stdout.write('the end')
            sys.stdout.flush()
            time.sleep(60)
            """
        let job = try test.submit(program, wallSeconds: 6)
        try test.vote(.approve, on: job)
        try test.start()
        try #require(try eventually { try test.entry(job).job.cleanup == .done })
        try #require(eventually { code { _ = try test.site.text(Self.owner, job) } == nil })
        let written = try #require(try test.site.text(Self.owner, job).programs.first)
        #expect(written.outBytes == (64 << 20) + 7 && written.out.count == 256 << 10)
        #expect(written.out.suffix(8) == Array("xthe end".utf8))
    }
}
