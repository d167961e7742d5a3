import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import Synchronization

/// A service that answers every call with a fixed value and remembers what was asked.
///
/// For tests of the server alone.
final class TestSite: DatasiteService, Authenticator {
    static let now = Instant(seconds: 1_795_536_600)
    private let asked = Mutex<[String]>([])

    /// Keys of certificates by token, and under `bound to` those that tokens are bound to.
    let known = Mutex<[String: Set<Digest>]>([:])

    /// The calls so far.
    var calls: [String] { asked.withLock { $0 } }

    private func note(_ call: String) { asked.withLock { $0.append(call) } }

    /// Whence each login came.
    let provenances = Mutex<[Provenance?]>([])

    func authenticate(token: String) async throws(GloveboxError) -> Caller {
        provenances.withLock { $0.append(Provenance.current) }
        let halves = token.split(separator: "/").map(String.init)
        let scopes: Set<Scope> = halves.count > 1 ? Set(Scope(rawValue: halves[1]).map { [$0] } ?? []) : .all
        guard let role = Role(rawValue: halves.first ?? "") else {
            throw GloveboxError("auth.missing", "the token is not valid")
        }
        let (certificates, bound) = known.withLock { ($0[token] ?? [], $0["bound to " + token]?.first) }
        return Caller(
            account: "acc_\(token)",
            name: token,
            roles: [role],
            scopes: scopes,
            certificates: certificates,
            boundTo: bound
        )
    }

    func noteRefused(_ error: GloveboxError) async throws(GloveboxError) { note("refused \(error.code)") }

    static let job = JobInfo(
        id: "job_x",
        phase: .queued,
        since: now,
        waiting: Waiting(.slots, since: now),
        message: "m",
        planDigest: .zero,
        coreDigest: .zero,
        submitter: "acc_researcher",
        dataset: "fair",
        mode: .real,
        created: now
    )

    func health() async throws(GloveboxError) -> Health {
        note("health")
        return Health(site: "s", version: "1", state: SiteState(paused: false), assurance: "emulated", insecure: [])
    }

    func trust() async throws(GloveboxError) -> NamedFiles { NamedFiles([]) }
    func checkpoint() async throws(GloveboxError) -> [UInt8] { Array("note\n".utf8) }
    func tile(path: String) async throws(GloveboxError) -> [UInt8] {
        note("tile \(path)")
        return [1]
    }

    func startExport(_ caller: Caller, _ request: ExportRequest) async throws(GloveboxError) -> ExportStart {
        ExportStart(index: 4, size: 5)
    }

    func bodies(_ caller: Caller, from index: UInt64) async throws(GloveboxError) -> ItemList<LogBody> {
        note("bodies \(index)")
        return ItemList([LogBody(json: [:])])
    }

    func whoami(_ caller: Caller) async throws(GloveboxError) -> WhoAmI {
        WhoAmI(account: caller.account, name: caller.name, roles: caller.roles, keys: [], site: "s")
    }

    func createAccount(_ caller: Caller, _ request: CreateAccountRequest) async throws(GloveboxError) -> CreatedAccount
    {
        CreatedAccount(account: "acc_new", token: "t")
    }

    func enrollKey(
        _ caller: Caller,
        account: String,
        _ request: EnrollKeyRequest
    ) async throws(GloveboxError) -> EnrolledKey { EnrolledKey(keyid: "k") }

    static let certificate = CertificateInfo(spki: .zero, enrolled: now, isRevoked: false)
    func enrollCertificate(
        _ caller: Caller,
        account: String,
        _ request: EnrollCertificateRequest
    ) async throws(GloveboxError) -> CertificateInfo { Self.certificate }
    func certificates(_ caller: Caller, account: String) async throws(GloveboxError) -> ItemList<CertificateInfo> {
        ItemList([Self.certificate])
    }
    func revokeCertificate(
        _ caller: Caller,
        account: String,
        spki: Digest
    ) async throws(GloveboxError) -> CertificateInfo { Self.certificate }

    func addDataset(_ caller: Caller, _ request: AddDatasetRequest) async throws(GloveboxError) -> DatasetSummary {
        throw GloveboxError("storage.broken", "/secret/path is gone")
    }

    func collect(_ caller: Caller, _ request: CollectionRequest) async throws(GloveboxError) -> CollectionReport {
        CollectionReport([], hasMore: false)
    }
    static func project(_ name: String) throws(GloveboxError) -> ProjectInfo {
        ProjectInfo(
            try Project(name: name, title: "t", proposal: Project.Proposal(purpose: "p")),
            names: [:],
            reviewers: 0,
            revision: 7,
            used: ProjectInfo.Used()
        )
    }

    func budgets(_ caller: Caller, project: String?, dataset: String?) async throws(GloveboxError)
        -> ItemList<BudgetInfo>
    {
        note("budgets \(project ?? "nil") \(dataset ?? "nil")")
        return ItemList([])
    }
    func projects(_ caller: Caller) async throws(GloveboxError) -> ItemList<ProjectInfo> { ItemList([]) }
    func createProject(_ caller: Caller, _ request: CreateProjectRequest) async throws(GloveboxError) -> ProjectInfo {
        try Self.project(request.project.name)
    }
    func project(_ caller: Caller, name: String) async throws(GloveboxError) -> ProjectInfo { try Self.project(name) }
    func amendProject(
        _ caller: Caller,
        name: String,
        _ request: AmendProjectRequest,
        ifMatch: String?
    ) async throws(GloveboxError) -> ProjectInfo {
        note("amend \(name) \(ifMatch ?? "nil")")
        return try Self.project(name)
    }
    func moveProject(
        _ caller: Caller,
        name: String,
        to state: Project.State,
        _ request: SiteStateRequest
    ) async throws(GloveboxError) -> ProjectInfo { try Self.project(name) }
    func workflow(_ caller: Caller) async throws(GloveboxError) -> Workflow { Workflow(layout: [], onboard: []) }
    func signWorkflow(_ caller: Caller, _ request: Workflow) async throws(GloveboxError) -> Workflow { request }
    func datasets(_ caller: Caller) async throws(GloveboxError) -> ItemList<DatasetSummary> { ItemList([]) }
    func mock(_ caller: Caller, dataset: String) async throws(GloveboxError) -> [UInt8] { Array("a,b\n".utf8) }

    func addPolicy(_ caller: Caller, _ request: AddPolicyRequest) async throws(GloveboxError) -> PolicySummary {
        note("policy \(request.document)")
        return PolicySummary(name: "p", version: 1, kind: "output", digest: .zero)
    }

    func policies(_ caller: Caller) async throws(GloveboxError) -> ItemList<PolicySummary> { ItemList([]) }
    func images(_ caller: Caller) async throws(GloveboxError) -> ItemList<ImageSummary> { ItemList([]) }

    func addBlob(_ caller: Caller, _ upload: BlobUpload) async throws(GloveboxError) -> BlobReceipt {
        note("blob \(upload.path) \(upload.bytes)")
        return BlobReceipt(narSha256: .zero, gitTreeSha256: .zero, dirHash: .zero, files: 1, size: upload.bytes)
    }

    func createPlan(_ caller: Caller, _ request: CreatePlanRequest) async throws(GloveboxError) -> CreatedPlan {
        CreatedPlan(planDigest: .zero, coreDigest: .zero, manifest: [])
    }

    func plan(_ caller: Caller, digest: Digest) async throws(GloveboxError) -> [UInt8] { Array(digest.named.utf8) }

    func planFile(_ caller: Caller, digest: Digest, path: String) async throws(GloveboxError) -> [UInt8] {
        Array(path.utf8)
    }

    func submit(
        _ caller: Caller,
        _ request: SubmitJobRequest,
        idempotency: Idempotency?
    ) async throws(GloveboxError) -> JobInfo {
        note("submit")
        return Self.job
    }

    func jobs(_ caller: Caller, _ query: JobQuery) async throws(GloveboxError) -> Page<JobInfo> {
        let all = (0..<7).map { _ in Self.job }
        let end = min(all.count, Int(clamping: query.before ?? .max))
        let start = max(0, end - query.limit)
        return Page(Array(all[start..<end]), next: start > 0 ? UInt64(start) : nil)
    }

    static let token = TokenInfo(id: "t", account: "acc_a", scopes: [.jobRead], created: now, expires: now)

    func createToken(_ caller: Caller, _ request: CreateTokenRequest) async throws(GloveboxError) -> CreatedToken {
        note("token")
        return CreatedToken(token: "secret", info: Self.token)
    }

    func tokens(_ caller: Caller) async throws(GloveboxError) -> ItemList<TokenInfo> { ItemList([Self.token]) }
    func revokeToken(_ caller: Caller, id: String) async throws(GloveboxError) -> TokenInfo { Self.token }

    static let webhook = WebhookInfo(
        id: "whk_x",
        account: "acc_a",
        url: "https://r.example/x",
        events: [.jobPhase],
        created: now,
        state: .active
    )

    func addWebhook(_ caller: Caller, _ request: CreateWebhookRequest) async throws(GloveboxError) -> CreatedWebhook {
        CreatedWebhook(secret: "gbw_1", info: Self.webhook)
    }

    func webhooks(_ caller: Caller) async throws(GloveboxError) -> ItemList<WebhookInfo> { ItemList([Self.webhook]) }
    func removeWebhook(_ caller: Caller, id: String) async throws(GloveboxError) -> WebhookInfo { Self.webhook }
    func tryWebhook(_ caller: Caller, id: String) async throws(GloveboxError) -> WebhookTrial {
        WebhookTrial(delivered: true, status: 200)
    }

    static let node = NodeInfo(
        name: "a",
        key: .zero,
        state: .enrolled,
        enrolledBy: "acc_o",
        enrolled: now,
        expires: now
    )

    func enrollNode(_ caller: Caller, _ request: EnrollNodeRequest) async throws(GloveboxError) -> EnrolledNode {
        note("node \(request.days)")
        return EnrolledNode(chain: "c", root: "r", info: Self.node)
    }

    func nodes(_ caller: Caller) async throws(GloveboxError) -> ItemList<NodeInfo> { ItemList([Self.node]) }
    func moveNode(
        _ caller: Caller,
        name: String,
        to state: NodeInfo.State,
        _ request: SiteStateRequest
    ) async throws(GloveboxError) -> NodeInfo {
        note("node \(name) \(state)")
        return Self.node
    }

    func job(_ caller: Caller, id: String, wait: Int) async throws(GloveboxError) -> JobInfo {
        note("job \(id) \(wait)")
        guard id == "job_x" else { throw GloveboxError("object.not-found", "no such job", hint: "glovebox status") }
        return Self.job
    }

    func events(_ caller: Caller, job: String?, after id: String?) async throws(GloveboxError)
        -> AsyncStream<SiteEvent>
    {
        note("events \(job ?? "all") \(id ?? "start")")
        return AsyncStream {
            $0.yield(SiteEvent(id: "7-0-1", name: "phase", data: ["phase": "queued"]))
            $0.yield(.ping)
            $0.finish()
        }
    }

    func results(_ caller: Caller, id: String) async throws(GloveboxError) -> [NamedFile] {
        [NamedFile(path: "table.csv", content: Array("a,b\n".utf8))]
    }

    func taskService() async throws(GloveboxError) -> JSONValue { ["id": "s"] }

    func createTask(
        _ caller: Caller,
        _ task: TaskDocument,
        idempotency: Idempotency?
    ) async throws(GloveboxError) -> String {
        note("task")
        return "job_x"
    }

    private func record() throws(GloveboxError) -> TaskRecord {
        let document = try TaskDocument(json: ["executors": [["image": "base", "command": ["true"]]]])
        return TaskRecord(id: "job_x", phase: .queued, waitsForPeople: false, document: document, created: Self.now)
    }

    func tasks(_ caller: Caller, _ query: TaskQuery) async throws(GloveboxError) -> Page<TaskRecord> {
        Page([try record()], next: 1)
    }

    func task(_ caller: Caller, id: String, wait: Int) async throws(GloveboxError) -> TaskRecord {
        note("task \(id) \(wait)")
        return try record()
    }

    func cancel(_ caller: Caller, id: String, _ request: CancelRequest) async throws(GloveboxError) -> JobInfo {
        Self.job
    }

    func receipt(_ caller: Caller, id: String) async throws(GloveboxError) -> NamedFiles {
        NamedFiles([NamedFile(path: "manifest.json", content: [UInt8](repeating: 7, count: 12_000_000))])
    }

    func text(_ caller: Caller, id: String) async throws(GloveboxError) -> RunText { RunText(job: id, programs: []) }

    func release(_ caller: Caller, id: String) async throws(GloveboxError) -> ReleaseReview {
        ReleaseReview(
            job: id,
            bundle: .zero,
            policy: .zero,
            evidence: .zero,
            files: [],
            quorum: QuorumInfo(need: 2, have: 1),
            verdicts: []
        )
    }

    func vote(_ caller: Caller, id: String, _ request: VerdictRequest) async throws(GloveboxError) -> VerdictReceipt {
        VerdictReceipt(verdict: .zero, quorum: QuorumInfo(need: 2, have: 1), logIndex: 5)
    }

    func answer(_ caller: Caller, id: String, _ answer: ReleaseAnswer) async throws(GloveboxError) -> JobInfo {
        Self.job
    }

    func inbox(_ caller: Caller) async throws(GloveboxError) -> ItemList<InboxItem> { ItemList([]) }

    func approve(_ caller: Caller, _ request: ApprovalRequest) async throws(GloveboxError) -> ApprovalReceipt {
        ApprovalReceipt(approval: .zero, quorum: QuorumInfo(need: 1, have: 1), logIndex: 4)
    }

    func lineage(_ caller: Caller, dataset: String) async throws(GloveboxError) -> LineageInfo {
        LineageInfo(
            dataset: dataset,
            commitment: .zero,
            lineage: "lin_1",
            others: [],
            reason: nil,
            quorum: QuorumInfo(need: 2, have: 0)
        )
    }

    func splitLineage(
        _ caller: Caller,
        dataset: String,
        _ request: LineageSplitRequest
    ) async throws(GloveboxError) -> LineageInfo { try await lineage(caller, dataset: dataset) }

    func override(_ caller: Caller, id: String) async throws(GloveboxError) -> OverrideInfo {
        OverrideInfo(
            job: id,
            evidence: .zero,
            explanation: "",
            near: [],
            reason: nil,
            quorum: QuorumInfo(need: 2, have: 0)
        )
    }

    func override(
        _ caller: Caller,
        id: String,
        _ request: OverrideRequest
    ) async throws(GloveboxError) -> OverrideInfo { try await override(caller, id: id) }

    func redact(_ caller: Caller, _ request: RedactionRequest) async throws(GloveboxError) -> RedactionState {
        RedactionState(entry: request.entry, quorum: QuorumInfo(need: 2, have: 1))
    }

    func backUp(_ caller: Caller, _ request: BackupRequest) async throws(GloveboxError) -> BackupInfo {
        BackupInfo(
            directory: request.directory,
            keys: request.keys,
            digest: .zero,
            entries: 1,
            files: 1,
            bytes: 1,
            leftOut: []
        )
    }

    func pause(_ caller: Caller, _ request: SiteStateRequest) async throws(GloveboxError) -> SiteState {
        SiteState(paused: true)
    }

    func resume(_ caller: Caller, _ request: SiteStateRequest) async throws(GloveboxError) -> SiteState {
        SiteState(paused: false)
    }
}
