import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxDisclosure
import GloveboxJobs
import GloveboxLinux
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// What everybody is told of runs on private data without a result: neither why there is none, nor when they ended.
@Suite(.serialized) struct UntoldEndTests {
    private static let image = TestPrograms.image("python")
    private static let isReady = image != nil && TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private static let reason: Comment = "needs GLOVEBOX_FAIR_CSV and the image python"
    /// Seconds between releases, and those that a plan declares.
    private static let (tick, wall) = (Int64(4), Int64(2))

    private static func site() throws -> TestSite {
        let test = try TestSite(image: image) { layout in
            try StateFile.write(Array("jobs:\n  slots: 5\n".utf8), to: layout.settings)
        }
        let policy = try TestSite.text(TestPrograms.repository + "/Policies/demo-table.yaml")
            .replacing("name: demo-table", with: "name: quiet").replacing("release_tick: 1s", with: "release_tick: 4s")
        _ = try test.site.addPolicy(TestSite.owner, AddPolicyRequest(document: policy))
        return test
    }

    private static func submit(_ program: String, _ test: TestSite) throws -> String {
        let job = try test.submit(program, policy: "quiet", wallSeconds: UInt64(wall))
        try test.vote(.approve, on: job)
        return job
    }

    private func end(_ test: TestSite, _ job: String) throws -> JobEntry {
        try #require(try eventually { try test.entry(job).job.cleanup == .done })
        return try test.entry(job)
    }

    /// A leaf as far as it may differ between two runs only by what the run did.
    private struct Leaf: Hashable, CustomStringConvertible {
        let kind: String
        let fields: [String]
        let told: [String?]

        var description: String { "\(kind) \(fields) \(told)" }
    }

    private func leaves(_ test: TestSite, of job: String) throws -> [Leaf] {
        var leaves: [Leaf] = []
        try test.site.log.replay { (entry: LoggedEntry) throws(GloveboxError) in
            guard case .event(let event) = entry.kind, let own = event["unmapped"]?["glovebox"]?.object,
                own["job"]?.string == job
            else { return }
            let told = ["status_code", "severity_id", "activity_id"].map { name in
                event[name]?.string ?? event[name]?.integer.map { String($0) }
            }
            let kind = own["event"]?.string ?? ""
            leaves.append(Leaf(kind: kind, fields: own.names.sorted(), told: told + [own["verdict"]?.string]))
        }
        return Array(leaves.drop { $0.kind != "job.started" })
    }

    /// What a report says with everything left out that is another in every run: moments, salts, keys and places.
    private func shape(_ test: TestSite, _ job: String) throws -> String {
        let receipt = try test.evidenceFiles(job)
        let report = try #require(receipt[EvidenceFiles.report])
        let payload = try JSONReader.read(Envelope(parsing: report).payload)
        let (usage, outputs) = (payload["predicate"]?["usage"], payload["predicate"]?["outputs"]?.object)
        let record = try JSONReader.read(#require(receipt[EvidenceFiles.disclosure])).object
        let names = receipt.files.map(\.path).sorted()
        let others: Set = ["times", "capacity", "code_measurement"]
        return "\(payload["predicate"]?["outcome"]?.string ?? "") \(usage?.object?.names ?? []) "
            + "\(outputs?["withheld"]?.array?.map { $0["reason"]?.string ?? "" } ?? []) \(names.count) "
            + "\(payload["predicate"]?.object?.names ?? []) \(payload["predicate"]?["time"]?.object?.names ?? []) "
            + (record?.members ?? []).filter { !others.contains($0.name) }
            .map { "\($0.name)=\(CanonicalJSON.encode($0.value).count)" }.joined(separator: " ")
    }

    @Test(.enabled(if: isReady, reason))
    func `a run that fails, is killed at a limit or is refused looks the same to everybody, and is charged`() throws {
        let test = try Self.site()
        let program = try TestSite.text(TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py")
        let programs = [
            "import sys\nsys.exit(3)\n", "import time\ntime.sleep(60)\n", "import os\nos.kill(os.getpid(), 9)\n",
            "import socket\nsocket.socket()\n", program + "\nopen('/out/table.csv', 'a').write('9,9,9\\n')\n",
        ]
        let jobs = try programs.map { try Self.submit($0, test) }
        try test.start()
        let entries = try jobs.map { try end(test, $0) }
        #expect(entries.map(\.job.phase) == [.failed, .failed, .failed, .failed, .withheld], "the owner is told")
        #expect(Set(entries.map(\.job.reasons)).count > 2)
        let told = try jobs.map { try leaves(test, of: $0) }
        for (job, leaves) in zip(jobs, told) {
            #expect(leaves == told[0], "\(zip(leaves, told[0]).filter { $0 != $1 })")
            #expect(try shape(test, job) == shape(test, jobs[0]))
        }
        #expect(told[0].map(\.kind).suffix(2) == ["attestation.issued", "job.cleaned"])
        let project = entries[0].manifest.project
        #expect(test.site.read { state in state.millibits(of: project) } == Int64(jobs.count) * Capacity.status)
        for (job, entry) in zip(jobs, entries) { try checkTimes(test, job, entry) }
        try verify(test, jobs[1])
        let findings = try test.findings()
        #expect(findings.isEmpty, "\(findings)")
        // A start after it counts the same.
        var replayed = SiteState()
        for record in try SiteLog.records(test.site.log) { try replayed.apply(record) }
        #expect(replayed.millibits(of: project) == Int64(jobs.count) * Capacity.status)
    }

    /// Every moment in what leaves is one that the plan and the clock decide.
    private func checkTimes(_ test: TestSite, _ job: String, _ entry: JobEntry) throws {
        let started = try #require(entry.job.lastRun?.started)
        let due = Job.roundUp(started.adding(seconds: Self.wall), Self.tick)
        // Killed at its limit, it is over a little later than that; the next tick is then the same for all that passed it.
        let ended = try #require(entry.job.transitions.last?.at)
        let shown = max(due, Job.roundUp(ended, Self.tick))
        let report = try test.report(job)
        #expect(report.time.end == shown && report.time.monotonicNs == nil, "\(report.time) \(shown)")
        let receipt = try test.evidenceFiles(job)
        let record = try JSONReader.read(#require(receipt[EvidenceFiles.disclosure]))
        let times = try #require(record["times"]?.object)
        #expect(times["decided"]?.string == shown.text && times["tick"]?.string == shown.text && times["sealed"] == nil)
        // Certificates are made when the log has their keys.
        let late: Set<EventKind> = [.keyCreated, .attestationIssued]
        let events = try SiteLog.records(test.site.log).filter { $0.job == job }.drop { $0.kind != .jobEnded }
        #expect(events.count { late.contains($0.kind) } > 2)
        for event in events where late.contains(event.kind) { #expect(event.time >= shown, "\(event.kind)") }
    }

    private func verify(_ test: TestSite, _ job: String) throws {
        let directory = try TestPrograms.scratch()
        for file in try test.shownReceipt(job).files where !file.path.contains("/") {
            try Descriptor.open(directory + "/" + file.path, O_WRONLY | O_CREAT, mode: 0o644).write(file.content)
        }
        let evidence = [directory + "/report.dsse.json", "--trust", test.layout.root + "/trust_config.json"]
        let verified = try TestPrograms.run("glovebox", ["verify"] + evidence + ["--accept", "emulated"])
        #expect(verified.status == 0, "\(verified.output)")
    }

    @Test(.enabled(if: isReady, reason))
    func `a released run tells the tick for its end, however soon it was done, and verifies`() throws {
        let test = try Self.site()
        let program = try TestSite.text(TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py")
        let job = try test.submit(program, policy: "quiet", wallSeconds: 6)
        try test.vote(.approve, on: job)
        try test.start()
        let entry = try end(test, job)
        try #require(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let started = try #require(entry.job.lastRun?.started)
        let decided = try #require(entry.job.transitions.last { $0.phase == .releasing }?.at)
        let shown = max(Job.roundUp(started.adding(seconds: 6), Self.tick), Job.roundUp(decided, Self.tick))
        let report = try test.report(job)
        #expect(report.time.end == shown && report.usage.exitCode == nil && report.usage.wallBucket == nil)
        #expect(report.outputs.withheld.count == 1)
        try verify(test, job)
    }

    @Test(.enabled(if: isReady, reason))
    func `a supervisor that stops before the report's time leaves the next one what the report tells`() throws {
        var test = try Self.site()
        let job = try test.submit("import sys\nsys.exit(3)\n", policy: "quiet", wallSeconds: 12)
        try test.vote(.approve, on: job)
        try test.start()
        #expect(try eventually { try test.entry(job).job.phase == .failed })
        #expect(try test.entry(job).evidence == nil, "its time has not come")
        let path = test.layout.sealed + "/\(job).report"
        let stored = try StateFile.read(path)
        #expect(!String(decoding: stored, as: UTF8.self).contains("readback"), "it is encrypted")
        try test.reopen { _ in }
        try test.start()
        let entry = try end(test, job)
        let report = try test.report(job)
        #expect(entry.job.phase == .failed && report.outcome == .refused && report.jail.readback != nil)
        #expect(report.startStatement != nil && report.keyBinding != nil && !StateFile.exists(path))
    }
}
