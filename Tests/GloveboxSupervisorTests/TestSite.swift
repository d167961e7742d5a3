import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxBroker
import GloveboxCore
import GloveboxImages
import GloveboxJobs
import GloveboxLinux
import GloveboxMeasure
import GloveboxStore
import GloveboxTransparency
import Logging
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A founded site in this process, with a researcher, a reviewer, the demo's data and an image.
struct TestSite {
    private(set) var site: Site
    let layout: SiteLayout
    private(set) var researcher: Person
    private(set) var reviewer: Person
    private let second: Person

    /// Someone with an account and a key.
    struct Person {
        let caller: Caller
        let signer: PersonSigner
    }

    /// Founds and opens it; the image is the one given, or a file that no kernel can mount.
    ///
    /// `configure` may write settings in between.
    init(image: String? = nil, configure: (SiteLayout) throws -> Void = { _ in }) throws {
        layout = SiteLayout(root: try TestPrograms.scratch())
        let configuration = SiteConfiguration(
            name: "t",
            origin: "log.t.example",
            planQuorum: 1,
            founded: Instant(seconds: Machine.now().seconds)
        )
        try SiteFounding.found(
            layout,
            configuration: configuration,
            policies: ShippedPolicies.documents(withDemo: true)
        )
        try configure(layout)
        site = try Site(opening: layout)
        researcher = try Self.person("alice", .researcher, site)
        reviewer = try Self.person("rita", .reviewer, site)
        second = try Self.person("rolf", .reviewer, site)
        let file = layout.root + "/image"
        if image == nil {
            let head = [UInt8](repeating: 0, count: 1024) + [0xe2, 0xe1, 0xf5, 0xe0] + [UInt8](repeating: 1, count: 64)
            try Descriptor.open(file, O_WRONLY | O_CREAT, mode: 0o644).write(head)
        }
        let stored = try site.images.add(file: image ?? file, name: "python")
        if let image { Self.share(image, as: stored.path) }
        let documents = TestPrograms.repository + "/Deploy/demo/"
        _ = try site.addDataset(
            Self.owner,
            AddDatasetRequest(
                name: "fair",
                schema: Self.text(documents + "fair.dataset.yaml"),
                inputPolicy: Self.text(documents + "fair.input.yaml"),
                privatePath: TestPrograms.variable("GLOVEBOX_FAIR_CSV") ?? ""
            )
        )
    }

    // Puts a link in the place of a copy where one file system holds both: a hundred sites would fill a small disk.
    private static func share(_ image: String, as copy: String) {
        let beside = copy + ".link"
        guard unsafe link(image, beside) == 0 else { return }
        unsafe rename(beside, copy)
    }

    /// Who registered the dataset.
    static let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])

    /// Registers a project, with the researcher and the dataset unless others are given.
    func register(
        _ name: String,
        members: [String: Set<Role>] = ["alice": [.researcher]],
        datasets: Set<String> = ["fair"],
        planQuorum: Int? = nil,
        by caller: Caller = owner
    ) throws {
        let project = try Project(
            name: name,
            title: name,
            proposal: Project.Proposal(purpose: "why"),
            members: members,
            datasets: datasets,
            planQuorum: planQuorum
        )
        _ = try site.createProject(caller, CreateProjectRequest(project))
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
    }

    static func person(_ name: String, _ role: Role, _ site: Site) throws -> Person {
        let account = try site.createAccount(name: name, roles: [role], by: nil).account
        return try enrolled(Caller(account: account, name: name, roles: [role]), site)
    }

    /// Closes the site, does something to its keys, and opens it again.
    mutating func reopen<Value>(
        securityVersion: UInt64? = nil,
        _ body: (SiteLayout) throws -> Value
    ) throws -> Value {
        close()
        let value = try body(layout)
        site = try Site(opening: layout, securityVersion: securityVersion)
        return value
    }

    /// Closes the site, lets somebody else work there, and opens it again.
    mutating func lend(_ body: (SiteLayout) async throws -> Void) async throws {
        close()
        try await body(layout)
        site = try Site(opening: layout)
    }

    private func close() {
        site.log.close()
        site.broker.close()
        site.signer.close()
    }

    /// Has researcher and reviewer enrol another key; the site as it is with their old ones, and the ids of those.
    mutating func changePeoplesKeys() throws -> (before: TestSite, old: [Digest]) {
        let before = self
        researcher = try Self.enrolled(researcher.caller, site)
        reviewer = try Self.enrolled(reviewer.caller, site)
        let old = [before.researcher, before.reviewer].compactMap { Digest(hex: $0.signer.publicKey.keyID) }
        return (before, old)
    }

    /// The same people with the same keys, at the site as another now has it.
    func at(_ other: TestSite) -> TestSite {
        var moved = self
        moved.site = other.site
        return moved
    }

    private static func enrolled(_ caller: Caller, _ site: Site) throws -> Person {
        let account = caller.account
        let signer = PersonSigner()
        let message = EnrollKeyRequest.message(account: account, publicKey: signer.publicKey.bytes)
        _ = try site.enrollKey(
            caller,
            account: account,
            EnrollKeyRequest(publicKey: signer.publicKey.bytes, proof: signer.signature(over: message))
        )
        return Person(caller: caller, signer: signer)
    }

    /// Submits a spec, the demo's unless another is given, with this program; the job's id.
    func submit(
        _ program: String,
        policy: String = "demo-table",
        spec given: (name: String, text: String)? = nil,
        chart: String? = nil,
        claim: String? = nil,
        dataset: String = "fair",
        join: String? = nil,
        wallSeconds: UInt64? = 60,
        memory: UInt64? = nil,
        env: [String: String] = [:],
        deterministic: RequestedDeterminism? = nil,
        project: String? = nil,
        tighten: [String] = []
    ) throws -> String {
        try submit(
            plan(
                program,
                policy: policy,
                spec: given,
                chart: chart,
                claim: claim,
                wallSeconds: wallSeconds,
                memory: memory,
                env: env,
                deterministic: deterministic,
                project: project,
                tighten: tighten,
                dataset: dataset,
                join: join
            )
        )
    }

    /// Submits a plan; the job's id.
    func submit(_ made: CreatedPlan) throws -> String {
        let envelope = try researcher.signer.sign(made.manifest)
        let request = SubmitJobRequest(
            planDigest: made.planDigest,
            envelope: String(decoding: envelope.bytes, as: UTF8.self)
        )
        return try site.submit(researcher.caller, request).id
    }

    /// Makes a plan of a spec, the demo's unless another is given, with this program.
    func plan(
        _ program: String,
        policy: String = "demo-table",
        spec given: (name: String, text: String)? = nil,
        chart: String? = nil,
        claim: String? = nil,
        wallSeconds: UInt64? = 60,
        memory: UInt64? = nil,
        env: [String: String] = [:],
        deterministic: RequestedDeterminism? = nil,
        project: String? = nil,
        tighten: [String] = [],
        dataset: String = "fair",
        join: String? = nil,
        argv: [String] = ["python3", "main.py"]
    ) throws -> CreatedPlan {
        let code = layout.root + "/code-\(UInt32.random(in: 0 ... .max))"
        unsafe mkdir(code, 0o755)
        try Descriptor.open(code + "/main.py", O_WRONLY | O_CREAT, mode: 0o644).write(Array(program.utf8))
        let demo = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/table.spec.json"
        let spec = try given ?? ("table.spec.json", Self.text(demo))
        try Descriptor.open(code + "/" + spec.name, O_WRONLY | O_CREAT, mode: 0o644).write(Array(spec.text.utf8))
        if let chart {
            try Descriptor.open(code + "/chart.spec.json", O_WRONLY | O_CREAT, mode: 0o644).write(Array(chart.utf8))
        }
        if let claim {
            try Descriptor.open(code + "/training.claim.json", O_WRONLY | O_CREAT, mode: 0o644).write(Array(claim.utf8))
        }
        let archive = code + ".nar"
        let file = try Descriptor.open(archive, O_RDWR | O_CREAT, mode: 0o600)
        let measured = try CodeTree.pack(directory: code, to: DescriptorStream(borrowing: file.raw))
        _ = try site.addBlob(researcher.caller, BlobUpload(path: archive, bytes: UInt64(file.status().size)))
        return try site.createPlan(
            researcher.caller,
            CreatePlanRequest(
                project: project,
                code: measured.narSha256,
                image: "python",
                argv: argv,
                env: env,
                dataset: dataset,
                join: join,
                outputPolicy: policy,
                tighten: tighten,
                limits: RequestedLimits(wallSeconds: wallSeconds, memoryBytes: memory),
                deterministic: deterministic
            )
        )
    }

    /// Someone who may look at a release.
    enum Looker { case first, second, researcher }

    func person(_ looker: Looker) -> Person {
        switch looker {
        case .first: reviewer
        case .second: second
        case .researcher: researcher
        }
    }

    /// A sealed release as somebody is shown it.
    func release(_ job: String, as looker: Looker) throws -> ReleaseReview {
        try site.release(person(looker).caller, job)
    }

    /// What waits for somebody's vote.
    func inbox(_ looker: Looker) -> [InboxItem] { site.inbox(for: person(looker).caller) }

    /// Somebody's signed verdict on a sealed release, on another bundle when one is given.
    @discardableResult
    func verdict(
        _ decision: ReleaseVerdict.Decision,
        on job: String,
        by looker: Looker,
        bundle: Digest? = nil,
        evidence: Digest? = nil
    ) throws -> VerdictReceipt {
        let sealed = try #require(try entry(job).sealed)
        let person = person(looker)
        let verdict = ReleaseVerdict(
            bundle: bundle ?? sealed.bundle,
            policy: try entry(job).manifest.policies.output,
            evidence: evidence ?? sealed.evidence,
            decision: decision,
            account: person.caller.account,
            keyID: person.signer.publicKey.keyID,
            time: Machine.now(),
            reason: "because"
        )
        let envelope = try person.signer.sign(verdict.bytes)
        let request = VerdictRequest(envelope: String(decoding: envelope.bytes, as: UTF8.self))
        return try site.vote(person.caller, job, request)
    }

    /// The reviewer's signed decision.
    func vote(_ decision: Approval.Decision, on job: String) throws {
        let approval = Approval(
            of: try entry(job).job.planDigest,
            decision: decision,
            account: reviewer.caller.account,
            keyID: reviewer.signer.publicKey.keyID,
            notBefore: Machine.now(),
            comment: ""
        )
        let envelope = try reviewer.signer.sign(approval.bytes)
        let request = ApprovalRequest(envelope: String(decoding: envelope.bytes, as: UTF8.self))
        _ = try site.approve(reviewer.caller, request)
    }

    /// The receipt, as soon as the tick has come at which a researcher is shown the end of a run.
    func shownReceipt(_ job: String) throws -> NamedFiles {
        for _ in 0..<100 {
            do { return try receipt(job) } catch let error as GloveboxError where error.code == "job.phase" {
                usleep(100_000)
            }
        }
        return try receipt(job)
    }

    /// The evidence directory as the researcher gets it.
    func receipt(_ job: String) throws -> NamedFiles { try site.receipt(job, for: researcher.caller) }

    /// The researcher's word to stop.
    func cancel(_ job: String) throws { _ = try site.cancel(researcher.caller, job, CancelRequest()) }

    /// Whether there is a sealed release of the job on disk.
    func hasSealed(_ job: String) -> Bool { StateFile.exists(layout.sealed + "/" + job) }

    /// Starts the engine, which ends with this process.
    func start(clock: @escaping @Sendable () -> Instant = { Machine.now() }) throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try Engine(site: site, logger: logger, clock: clock).start()
    }

    /// The job as its researcher is shown it.
    func info(_ job: String) throws -> JobInfo { try site.info(job, for: researcher.caller) }

    /// Paths of the evidence of a job that has a report.
    func evidence(_ job: String) throws -> [String] { try evidenceFiles(job).files.map(\.path) }

    /// The evidence of a job that has a report, whoever may see it yet.
    func evidenceFiles(_ job: String) throws -> NamedFiles {
        let digest = try #require(try entry(job).evidence)
        return try NamedFiles(encoded: site.blobs.open(digest).readAll(limit: 1 << 24))
    }

    /// The report of a job that has one.
    func report(_ job: String) throws -> Report {
        let file = try #require(try evidenceFiles(job).files.first { $0.path == EvidenceFiles.report })
        let payload = try JSONReader.read(Envelope(parsing: file.content).payload)
        let predicate = try #require(payload["predicate"])
        return try Report(predicate: predicate)
    }

    /// What an auditor would find missing in the log.
    func findings() throws -> [AuditFinding] { try site.findings() }

    func entry(_ job: String) throws -> JobEntry {
        guard let entry = site.read({ state in state.jobs[job] }) else {
            throw GloveboxError("object.not-found", "there is no job \(job)")
        }
        return entry
    }

    /// Has both reviewers speak, and waits until the researcher is told that a release was sent back.
    func sendBack(_ job: String) throws {
        try verdict(.sendBack, on: job, by: .first)
        try verdict(.approve, on: job, by: .second)
        for _ in 0..<1000 where try info(job).phase != .returned { usleep(10_000) }
        try #require(try info(job).phase == .returned)
    }

    /// The researcher's answer.
    @discardableResult
    func answer(_ job: String, _ answer: ReleaseAnswer, as looker: Looker = .researcher) throws -> JobInfo {
        try site.answer(person(looker).caller, job, answer)
    }

    /// The job when it fits, or as it is after ten seconds.
    func wait(for job: String, _ fits: (JobEntry) -> Bool) throws -> JobEntry {
        for _ in 0..<1000 {
            let entry = try entry(job)
            if fits(entry) { return entry }
            usleep(10_000)
        }
        return try entry(job)
    }
}

extension Site {
    /// What an auditor finds in its log.
    func findings() throws -> [AuditFinding] {
        var checker = Completeness()
        var found: [AuditFinding] = []
        try log.replay { (entry: LoggedEntry) throws(GloveboxError) in
            guard case .event(let leaf) = entry.kind else { return }
            let event = try PublicEvent(leaf, at: entry.index)
            let body = entry.body.map { BodyDisclosure($0, of: entry.index) }
            try body?.check(against: event.bodyCommit)
            found += checker.add(event, body)
        }
        return found + checker.finish()
    }
}
