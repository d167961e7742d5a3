import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxDocuments
import GloveboxJobs
import GloveboxPolicy
import GloveboxPrivacy
import GloveboxTables
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxBroker
@testable import GloveboxSupervisor

/// Rounds of federated training at a whole site, on real rows.
@Suite(.serialized) struct RoundTests {
    private static let image = TestPrograms.image("python")
    private static let isReady = image != nil && TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private static let reason: Comment = "needs GLOVEBOX_FAIR_CSV and the image python"

    /// The shipped policy at a tick of one second.
    private static func site(rounds: Int = 50) throws -> TestSite {
        let test = try TestSite(image: image)
        let text = try TestSite.text(TestPrograms.repository + "/Policies/fl-update.yaml")
            .replacing("name: fl-update", with: "name: rounds").replacing("release_tick: 15m", with: "release_tick: 1s")
            .replacing("max: 50}", with: "max: \(rounds)}")
        _ = try test.site.addPolicy(
            Caller(account: "acc_owner", name: "owner", roles: [.owner]),
            AddPolicyRequest(document: text)
        )
        try test.start()
        return test
    }

    /// The rounds that a job's project has paid for.
    private static func rounds(_ state: GloveboxSupervisor.SiteState, _ entry: JobEntry) -> Int64 {
        state.ledger.rounds(of: entry.manifest.project, on: state.datasets["fair"]?.lineage ?? "")
    }

    private static func spec(_ round: Int = 1) -> (name: String, text: String) {
        (
            RoundSpec.fileName,
            """
            {"apiVersion":"glovebox/v1","kind":"RoundSpec","dataset":"fair","output":"update.safetensors","round":\(round),
             "tensors":[{"name":"weight","shape":[1,2]},{"name":"bias","shape":[1]}]}
            """
        )
    }

    /// Writes an update far longer than the norm, with a name in its metadata.
    private static let program = """
        import csv, json, struct
        rows = list(csv.DictReader(open("/data/fair/fair.csv")))
        assert len(rows) == 6366
        weight = [3.0 * len(rows), 4.0 * len(rows)]
        kind, form, width = "F32", "<f", 4
        # Here the update can be changed.
        data = b"".join(struct.pack(form, v) for v in [0.0] + weight)
        end = width * (1 + len(weight))
        header = json.dumps({"__metadata__": {"author": "alice"},
                             "weight": {"dtype": kind, "shape": [1, len(weight)], "data_offsets": [width, end]},
                             "bias": {"dtype": kind, "shape": [1], "data_offsets": [0, width]}}).encode()
        open("/out/update.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + data)

        """

    private static func changed(_ trick: String) -> String {
        program.replacing("# Here the update can be changed.", with: trick)
    }

    private func start(_ test: TestSite, _ program: String = program, round: Int = 1) throws -> String {
        let job = try test.submit(program, policy: "rounds", spec: Self.spec(round), wallSeconds: 3)
        try test.vote(.approve, on: job)
        return job
    }

    private func end(_ test: TestSite, _ job: String) throws -> JobEntry {
        for _ in 0..<4 {
            let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
            if entry.job.cleanup == .done { return entry }
        }
        return try test.entry(job)
    }

    private func spent(_ test: TestSite) -> String {
        test.site.read { state in state.ledger.spent(lineage: state.datasets["fair"]?.lineage ?? "") }.text
    }

    @Test(.enabled(if: isReady, reason))
    func `an update leaves clipped and with noise, and each round is paid for once, whatever the job left`() throws {
        let test = try Self.site(rounds: 5)
        let job = try start(test)
        let entry = try end(test, job)
        try #require(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let receipt = try test.shownReceipt(job)
        let bytes = try #require(receipt["update.safetensors"])
        let update = try SafetensorsReader.read(bytes)
        #expect(SafetensorsWriter.write(update, .f32) == bytes && !update.hadMetadata, "the supervisor's own spelling")
        #expect(update.tensors.map(\.name) == ["bias", "weight"] && update.tensors.map(\.shape) == [[1], [1, 2]])
        // Clipped to (0.6, 0.8); the noise has a standard deviation of 5, and 20 of them do not come up.
        let values = update.tensors.flatMap(\.values)
        #expect(values.allSatisfy { abs($0) < 102 && ($0 * 65536).rounded() == $0 * 65536 }, "\(values)")
        #expect(update.tensors.flatMap(\.bits) != [0, Float(0.6).bitPattern, Float(0.8).bitPattern], "there is noise")
        #expect(spent(test) == "0.02")

        let paid = try #require(try test.report(job).privacy)
        #expect(paid.mechanism == "discrete-gaussian" && paid.rho == "0.02" && paid.budgetBefore == "1")
        #expect(paid.budgetAfter == "0.98" && paid.ledgerIndex != nil, "\(paid)")
        let record = try JSONReader.read(#require(receipt[EvidenceFiles.disclosure]))
        #expect(record["privacy"]?["rho"]?.string == "0.02" && record["privacy"]?["cached"]?.bool == false)
        #expect(record["privacy"]?["epsilon_at_delta"]?.string?.hasPrefix("0.8999") == true)
        #expect(record["privacy"]?["mechanism"]?["clip_l2"]?.string == "1")
        let tools = record["tools"]?.array?.compactMap { $0["id"]?.string } ?? []
        #expect(tools == ["safetensors", "safetensors", "canonne-kamath-steinke", "privacy-ledger"])
        #expect(record["files"]?.array?.first?["type"]?.string == "safetensors")

        let again = try start(test)
        #expect(try end(test, again).job.phase == .released)
        #expect(try test.shownReceipt(again)["update.safetensors"] == bytes, "no second draw")
        #expect(
            spent(test) == "0.02"
                && Self.rounds(test.site.read { $0 }, entry) == 1
        )
        #expect(try test.findings().isEmpty)
        var replayed = SiteState()
        for record in try SiteLog.records(test.site.log) { try replayed.apply(record) }
        #expect(Self.rounds(replayed, entry) == 1)

        let tricks = [
            ("parser", "weight[0] = float('nan')"), ("mismatch", "weight.append(1.0)"), ("parser", "weight[1] = 1e30"),
            ("parser", "kind, form, width = 'BF16', '<e', 2"),
        ]
        let jobs = try tricks.map { try start(test, Self.changed($0.1)) }
        for (job, (check, trick)) in zip(jobs, tricks) {
            let entry = try end(test, job)
            #expect(entry.job.phase == .withheld, "\(trick): \(entry.job.phase) \(entry.explanation ?? "")")
            #expect(try test.entry(job).explanation != nil)
            let report = try test.report(job)
            #expect(report.outputs.released.isEmpty && report.privacy?.rho == "0.02", "\(trick)")
            let body = try SiteLog.records(test.site.log).first { $0.job == job && $0.kind == .attestationIssued }
            let signed = try Envelope(parsing: #require(body?.json["record"]?.string.flatMap(Base64.decode)))
            let record = try JSONReader.read(signed.payload)["predicate"]?["record"]
            #expect(record?["checks"]?.array?.contains { $0["id"]?.string == check } == true, "\(trick): \(check)")
            let file = try #require(test.evidenceFiles(job)[EvidenceFiles.report])
            let id = Report.id(of: try Envelope(parsing: file).payload)
            #expect(record?["attestation_report_sha256"]?.string == id.hex)
            #expect(record?["log"]?["leaf_index"]?.integer == Int64(report.log.startIndex))
            #expect(record?["log"]?["tree_head"]?.string?.count == 64)
            #expect(record?["times"]?["tick"]?.string == report.time.end.text)
            #expect(record?["times"]?["sealed"]?.string != nil)
        }
        #expect(spent(test) == "0.1", "none is given back")
        #expect(throws: GloveboxError("budget.exhausted", "")) { try start(test, round: 2) }
        #expect(throws: GloveboxError("spec.round", "")) { try start(test, round: 6) }
        #expect(throws: GloveboxError("spec.missing", "")) { try test.submit(Self.program, policy: "rounds") }
    }

    @Test(.enabled(if: isReady, reason))
    func `the broker counts the rounds itself, and still knows them after a restart`() throws {
        // A broker of this process's user, that believes the same people.
        let (theirs, directory) = (try TestSite().layout.broker, try TestPrograms.scratch() + "/broker")
        unsafe mkdir(directory, 0o700)
        try KeyBroker.create(
            directory,
            root: Array(TestSite.text(theirs + "/root.pem").utf8),
            log: TestSite.text(theirs + "/log.vkey")
        )
        let text = try TestSite.text(TestPrograms.repository + "/Policies/fl-update.yaml")
            .replacing("max: 50}", with: "max: 2}")
        let chain = try PolicyChain([.init(.site, StrictYAML.read(Array(text.utf8)))])
        let grant = KeyGrant(
            request: Digest(sha256: [1]),
            job: "job_1",
            project: "p",
            plan: .zero,
            policy: chain.document.digest,
            basePolicy: chain.document.digest,
            start: .zero,
            hpkeKey: [UInt8](repeating: 1, count: 32),
            commitment: .zero,
            trustVersion: 1,
            time: Machine.now()
        )
        try KeyBroker(directory).store.add(.granted(grant))
        func pay(_ round: Int64?) throws {
            let charge = PrivacyLedger.Charge(
                lineage: "l",
                project: grant.project,
                rho: Rho(units: 20_000_000_000),
                key: Digest(sha256: [UInt8(round ?? 0)]),
                round: round
            )
            // Opened anew for each charge: what it knows is what is on disk.
            try KeyBroker(directory).charge(charge, under: grant.request, policy: chain.json)
        }
        for round in [1, 1, 2] { try pay(Int64(round)) }
        #expect(throws: GloveboxError("budget.exhausted", "")) { try pay(3) }
        #expect(throws: GloveboxError("policy.not-enforced", "")) { try pay(nil) }
        try pay(2)
    }

    @Test(.enabled(if: isReady, reason))
    func `a policy that leaves updates to people is refused with the plan, since nobody would be asked`() throws {
        let test = try Self.site()
        let people =
            "apiVersion: glovebox/v1\nkind: OutputPolicy\nmetadata: {name: by-people, version: 1}\ndecision: {auto: never}\n"
        _ = try test.submit(Self.program, policy: "rounds", spec: Self.spec())
        #expect(throws: GloveboxError("policy.not-enforced", "")) {
            try test.submit(Self.program, policy: "rounds", spec: Self.spec(), tighten: [people])
        }
    }
}
