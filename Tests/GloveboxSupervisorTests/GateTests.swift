import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import Logging
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What the gate waits for, with a real run of real data.
@Suite(.serialized) struct GateTests {
    private static let image = TestPrograms.image("python")
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private let auditor = Caller(account: "acc_a", name: "a", roles: [.auditor])

    private static func program() throws -> String {
        let path = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py"
        return String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 10_000), as: UTF8.self)
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a release waits for the quorum, says for whom since when, and goes with cosigned proofs`() async throws {
        // The witness is another store of this process; its door stays shut until the test opens it.
        let port = try TestServer.freePort()
        let cosigner = try Cosigner.generate(name: "w.example")
        let test = try TestSite(image: Self.image) { layout in
            let log = String(decoding: try StateFile.read(layout.root + "/log.vkey"), as: UTF8.self)
            let policy = "log \(log)witness peer \(cosigner.key.vkey) http://127.0.0.1:\(port)/witness\nquorum peer\n"
            try StateFile.write(Array(policy.utf8), to: layout.root + "/w.policy")
            try StateFile.write(Array("log:\n  policy: w.policy\n".utf8), to: layout.settings)
        }
        let site = test.site
        let job = try test.submit(Self.program(), wallSeconds: 2)
        try test.vote(.approve, on: job)
        try test.start()
        func info() throws -> JobInfo { try site.info(job, for: auditor) }
        for _ in 0..<150 where try info().waiting?.code != .logQuorum { usleep(100_000) }
        let waiting = try #require(try info().waiting)
        #expect(waiting.code == .logQuorum && waiting.waitingOn == [.witness("peer")])
        #expect(try info().message.contains("the witness peer, since"))
        #expect(throws: GloveboxError("job.phase", "")) { try test.receipt(job) }
        usleep(500_000)
        #expect(try test.entry(job).job.phase == .releasing, "it does not give up waiting")

        let key = site.log.key
        let store = try WitnessStore(
            TestPrograms.scratch() + "/witness",
            cosigner: cosigner,
            watching: [WatchedLog(origin: key.name, keys: [key])]
        )
        func witness() throws {
            let note = site.log.checkpoint
            let checkpoint = try Checkpoint.open(note: note, key: key)
            let name = WitnessStore.name(ofOrigin: key.name)
            let old =
                try store.checkpoint(name: name).map { try Checkpoint(foreign: SignedNote(parsing: $0).text).size } ?? 0
            let request = WitnessRequest(
                old: old,
                proof: try site.log.consistency(from: old, to: checkpoint.size),
                note: note
            )
            guard case .cosigned(let lines) = try store.add(request, at: Machine.now()) else {
                throw GloveboxError("test", "the witness refused")
            }
            site.take(checkpoint, try SignedNote(parsing: note), lines.map { ("peer", $0) })
        }
        try witness()
        #expect(try test.wait(for: job) { $0.job.phase == .released }.job.phase == .released)
        // The release itself is on record and has not been witnessed: its bytes stay.
        _ = try test.wait(for: job) { $0.job.cleanup == .done }
        usleep(1_100_000)  // the researcher sees it at the tick
        #expect(throws: GloveboxError("log.quorum", "")) { try test.receipt(job) }
        try witness()
        let receipt = try test.receipt(job)
        let proof = try TlogProof(parsing: #require(receipt[EvidenceFiles.proof]))
        let policy = try #require(site.settings.witnessing?.policy)
        let covered = try policy.open(note: proof.checkpoint, now: Machine.now())
        #expect(covered.size > proof.index + 1)
        #expect(try test.report(job).assurance.notProven.contains("witnesses") == false)
        let demanded = try site.trust()[TrustFiles.Name.logPolicy]
        #expect(demanded == site.settings.witnessing?.bytes, "verify demands the quorum, too")
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `intent stands before act, from start to release`() throws {
        let test = try TestSite(image: Self.image)
        let job = try test.submit(Self.program(), wallSeconds: 2)
        try test.vote(.approve, on: job)
        try test.start()
        _ = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        _ = try test.shownReceipt(job)
        let kinds = try SiteLog.records(test.site.log).filter { $0.job == job }.map(\.kind)
        let order: [EventKind] = [
            .jobStarting, .keyReleased, .jobStarted, .jobEnded, .outputChecked, .releaseIntent, .attestationIssued,
            .outputReleased, .outputDownloaded,
        ]
        let places = order.map { kinds.firstIndex(of: $0) }
        #expect(!places.contains(nil), "\(kinds)")
        #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted(), "\(kinds)")
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `with a log that takes nothing no job starts and no byte leaves`() throws {
        let test = try TestSite(image: Self.image)
        let released = try test.submit(Self.program(), wallSeconds: 2)
        try test.vote(.approve, on: released)
        try test.start()
        _ = try test.wait(for: released) { $0.job.phase == .released && $0.job.cleanup == .done }
        _ = try test.shownReceipt(released)
        // Approved and next to run; the engine does not take it, so that it is this test which does.
        _ = try test.site.setPaused(true, TestSite.owner, reason: "test")
        let waiting = try test.submit("import time\ntime.sleep(60)\n")
        try test.vote(.approve, on: waiting)
        #expect(try test.wait(for: waiting) { $0.job.phase == .queued }.job.phase == .queued)
        let size = test.site.log.size
        test.site.log.stop(because: GloveboxError("store.io", "a fault"))
        let pipe = try Descriptor.pipe()
        #expect(throws: GloveboxError("log.unavailable", "")) {
            try JobRunner(site: test.site, job: waiting).run(cancel: pipe.read)
        }
        let entry = try test.entry(waiting)
        #expect(entry.job.runs.isEmpty && entry.job.phase == .queued && test.site.log.size == size)
        #expect(throws: GloveboxError("log.unavailable", "")) { try test.receipt(released) }
    }

    @Test(.enabled(if: image != nil, "needs the image python"))
    func `a job that waits for a log which takes nothing says so`() throws {
        let test = try TestSite(image: Self.image)
        let job = try test.submit(Self.program())
        #expect(try test.info(job).waiting?.code != .log)
        test.site.log.stop(because: GloveboxError("store.io", "a fault"))
        let info = try test.info(job)
        #expect(info.waiting?.code == .log, "\(info.phase) \(info.message)")
        #expect(info.message.hasPrefix("Waiting for the log to be writable"))
    }
}
