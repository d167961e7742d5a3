import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxPrivacy
import GloveboxStore
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Programs over blocks at a whole site, over real data.
@Suite struct ProgramTests {
    private static let image = TestPrograms.image("python")
    private static let canRun = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil && image != nil

    // A device node is a call that the jail refuses: what is refused must not show outside either.
    private static let program = "mknod /tmp/disk b 8 0 2> /tmp/why\necho said >&2\n" + ProgramSite.honest

    @Test(.enabled(if: canRun, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a program's mean leaves with noise, paid for before the first block, and is free the second time`() throws {
        let test = try ProgramSite.found(Self.image, ProgramSite.policy())
        #expect(throws: GloveboxError("limit.exceeded", "")) {
            try test.plan(Self.program, policy: "program-test", wallSeconds: 15, argv: ["sh", "main.py"])
        }
        let job = try test.submit(ProgramSite.plan(test, Self.program))
        #expect(try test.entry(job).manifest.core.limits.wallSeconds == 16, "eight blocks and what is between them")
        try test.vote(.approve, on: job)
        try test.start()
        var entry = try test.entry(job)
        for _ in 0..<20 where !entry.job.phase.isTerminal || entry.job.cleanup != .done {
            entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        }
        try #require(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let receipt = try test.shownReceipt(job)
        let answer = try JSONReader.read(#require(receipt["result.json"]))
        let values = try #require(answer["values"]?.array).map { Double($0.string ?? "") ?? .nan }
        #expect(answer["blocks"]?.integer == 8 && answer["rho"]?.string == "15000")
        #expect(answer["noise"]?.array?.map { $0["scale"]?.string } == ["0.00125", "0.125", "0.00125"])

        let paid = try #require(try test.report(job).privacy)
        #expect(paid.rho == "15000" && paid.budgetBefore == "20000" && paid.budgetAfter == "5000")
        #expect(paid.mechanism == "discrete-laplace" && paid.ledgerIndex != nil)
        let record = try JSONReader.read(#require(receipt["disclosure.json"]))
        #expect(record["privacy"]?["charged"]?.string == "15000" && record["privacy"]?["cached"]?.bool == false)
        #expect(record["checks"]?.array?.isEmpty == true, "which blocks failed is the owner's to know")

        let records = try SiteLog.records(test.site.log).filter { $0.job == job }
        let kinds = records.map { $0.json["charge"] == nil ? $0.kind.rawValue : "charge" }
        let order = ["key.released", "charge", "job.staged", "job.started", "job.ended", "output.approved"]
        let places = order.map { kinds.firstIndex(of: $0) }
        #expect(!places.contains(nil) && places.compactMap { $0 } == places.compactMap { $0 }.sorted(), "\(kinds)")
        for kind in ["dataset.mounted", "dataset.unmounted"] {
            #expect(kinds.count { $0 == kind } == 8, "the rows of each block come and go on record")
        }
        let said = try test.site.text(TestSite.owner, job).programs.map(\.error)
        #expect(said == [[UInt8]](repeating: Array("said\n".utf8), count: 8), "for the data's owner alone")
        #expect(!kinds.contains(EventKind.jobDeniedSyscall.rawValue) && kinds.count { $0 == "charge" } == 1)
        let ended = try #require(records.first { $0.kind == .jobEnded })
        // Of 6366 women 32 % had an affair, their mean age is 29.1, and 10 % are very religious. The noise has scale 1/800 of
        // the bounds; a block that a busy machine let be late counts as the middle of them.
        let late = try Double(#require(ended.json["blocks"]?.array).count)
        for (value, (truth, middle, near)) in zip(values, [(0.322, 0.5, 0.03), (29.08, 50, 3), (0.103, 0.5, 0.03)]) {
            #expect(abs(value - (truth * (8 - late) + middle * late) / 8) < near, "\(values), \(late) late")
        }
        #expect(ended.json["deniedInBlocks"]?.array?.isEmpty == false, "the owner can see what was refused")
        let directory = try TestPrograms.scratch()
        for file in receipt.files where !file.path.contains("/") {
            try Descriptor.open(directory + "/" + file.path, O_WRONLY | O_CREAT, mode: 0o644).write(file.content)
        }
        let evidence = [directory + "/report.dsse.json", "--trust", test.layout.root + "/trust_config.json"]
        let accepted = ["verify"] + evidence + ["--accept", "emulated", directory + "/result.json"]
        let verified = try TestPrograms.run("glovebox", accepted)
        #expect(verified.status == 0, "\(verified.output)")
        #expect(try test.findings().map { "\($0)" } == [])

        // The same work is paid for: it runs once, on no rows, and the answer is the one that was drawn.
        let again = try test.submit(ProgramSite.plan(test, Self.program))
        try test.vote(.approve, on: again)
        var free = try test.entry(again)
        for _ in 0..<10 where free.evidence == nil { free = try test.wait(for: again) { $0.evidence != nil } }
        try #require([.releasing, .released].contains(free.job.phase), "\(free.job.phase) \(free.explanation ?? "")")
        let cost = try #require(try test.report(again).privacy)
        #expect(cost.rho == "0" && cost.ledgerIndex == nil && cost.budgetAfter == "5000")
        let outputs = try [job, again].map { try test.report($0).outputs.released.map(\.digest) }
        #expect(outputs[0] == outputs[1] && outputs[0].count == 1)
        #expect(test.site.read { state in state.ledger.count } == 1)

        // Another program is another question, for which there is no room.
        #expect(throws: GloveboxError("budget.exhausted", "")) {
            try ProgramSite.plan(test, Self.program + "# and more\n")
        }
    }

    @Test(.enabled(if: canRun, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a supervisor killed between charge and release has spent the charge, and nothing leaves`() throws {
        var test = try ProgramSite.found(Self.image, ProgramSite.policy(wall: "60s"))
        let job = try test.submit(ProgramSite.plan(test, "sleep 60\n"))
        try test.vote(.approve, on: job)
        try test.reopen { layout in
            let served = try TestPrograms.start("gloveboxd", ["serve", "--state", layout.root, "--accept-disk"])
            defer { do { _ = try served.0.wait() } catch {} }
            defer { served.0.kill() }
            // A block is running.
            func isRunning() throws -> Bool {
                try TestPrograms.run("/bin/grep", ["-rqa", "\"job.started\"", layout.root + "/log"]).status == 0
            }
            try #require(try eventually(isRunning))
        }
        func check(_ site: Site) {
            let ledger = site.read { state in state.ledger }
            let lineage = site.read { state in state.datasets["fair"]?.lineage ?? "" }
            #expect(ledger.count == 1 && ledger.spent(lineage: lineage).text == "15000")
        }
        check(test.site)
        try test.start()
        var entry = try test.entry(job)
        for _ in 0..<10 where entry.evidence == nil { entry = try test.wait(for: job) { $0.evidence != nil } }
        #expect(entry.job.phase == .errored && entry.evidence != nil)
        check(test.site)
        #expect(try test.report(job).outputs.released.isEmpty)
        // Not even the same question is free: nothing was answered.
        #expect(throws: GloveboxError("budget.exhausted", "")) { try ProgramSite.plan(test, "sleep 60\n") }
    }
}
