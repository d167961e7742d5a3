package import GloveboxCore
package import GloveboxJobs

extension GloveboxClient {
    /// `GET /healthz`.
    package func health() async throws(RequestFailure) -> Health { try await get("/healthz") }

    /// `GET /trust`.
    package func trust() async throws(RequestFailure) -> NamedFiles { try await get("/trust") }

    /// `GET /log/checkpoint`.
    package func checkpoint() async throws(RequestFailure) -> [UInt8] { try await getBytes("/log/checkpoint") }

    /// `GET /log/tile/…`; the path begins with `tile/`.
    package func tile(path: String) async throws(RequestFailure) -> [UInt8] {
        try await getBytes("/log/" + Self.encode(path: path))
    }

    /// `POST /log/exports`.
    package func startExport(_ request: ExportRequest) async throws(RequestFailure) -> ExportStart {
        try await post("/log/exports", request)
    }

    /// `GET /log/entries?from=N`.
    package func bodies(from index: UInt64) async throws(RequestFailure) -> ItemList<LogBody> {
        try await get("/log/entries?from=\(index)")
    }

    /// `GET /whoami`.
    package func whoami() async throws(RequestFailure) -> WhoAmI { try await get("/whoami") }

    /// `POST /accounts`.
    package func createAccount(_ request: CreateAccountRequest) async throws(RequestFailure) -> CreatedAccount {
        try await post("/accounts", request)
    }

    /// `POST /accounts/{id}/keys`.
    package func enrollKey(
        account: String,
        _ request: EnrollKeyRequest
    ) async throws(RequestFailure) -> EnrolledKey {
        try await post("/accounts/\(PercentPath.encode(account))/keys", request)
    }

    /// `POST /accounts/{id}/certificates`, for the account that the request names.
    package func enrollCertificate(_ request: EnrollCertificateRequest) async throws(RequestFailure) -> CertificateInfo
    { try await post(Self.certificates(of: request.account), request) }

    /// `GET /accounts/{id}/certificates`.
    package func certificates(of account: String) async throws(RequestFailure) -> ItemList<CertificateInfo> {
        try await all(Self.certificates(of: account))
    }

    /// `DELETE /accounts/{id}/certificates/{spki}`.
    package func revokeCertificate(_ spki: Digest, of account: String) async throws(RequestFailure) -> CertificateInfo {
        try await delete(Self.certificates(of: account) + "/" + spki.named)
    }

    private static func certificates(of account: String) -> String {
        "/accounts/\(PercentPath.encode(account))/certificates"
    }

    /// `GET /budgets`.
    package func budgets(project: String?, dataset: String?) async throws(RequestFailure) -> ItemList<BudgetInfo> {
        let query = [("project", project), ("dataset", dataset)].compactMap { name, value in
            value.map { "\(name)=\(PercentPath.encode($0))" }
        }
        return try await all("/budgets", query)
    }

    /// `POST /datasets`; every row is read before the answer comes.
    package func addDataset(_ request: AddDatasetRequest) async throws(RequestFailure) -> DatasetSummary {
        try await post("/datasets", request, seconds: 3600)
    }

    /// `GET /datasets`.
    package func datasets() async throws(RequestFailure) -> ItemList<DatasetSummary> { try await all("/datasets") }

    /// `GET /datasets/{name}/mock`.
    package func mock(dataset: String) async throws(RequestFailure) -> [UInt8] {
        try await getBytes("/datasets/\(PercentPath.encode(dataset))/mock")
    }

    /// `GET /datasets/{name}/lineage`.
    package func lineage(dataset: String) async throws(RequestFailure) -> LineageInfo {
        try await get("/datasets/\(PercentPath.encode(dataset))/lineage")
    }

    /// `POST /datasets/{name}/lineage`.
    package func splitLineage(
        dataset: String,
        _ request: LineageSplitRequest
    ) async throws(RequestFailure) -> LineageInfo {
        try await post("/datasets/\(PercentPath.encode(dataset))/lineage", request)
    }

    /// `GET /jobs/{id}/override`.
    package func override(_ id: String) async throws(RequestFailure) -> OverrideInfo {
        try await get("/jobs/\(PercentPath.encode(id))/override")
    }

    /// `POST /jobs/{id}/override`.
    package func override(_ id: String, _ request: OverrideRequest) async throws(RequestFailure) -> OverrideInfo {
        try await post("/jobs/\(PercentPath.encode(id))/override", request)
    }

    /// `GET /projects`.
    package func projects() async throws(RequestFailure) -> ItemList<ProjectInfo> { try await all("/projects") }

    /// `POST /projects`.
    package func createProject(_ request: CreateProjectRequest) async throws(RequestFailure) -> ProjectInfo {
        try await post("/projects", request)
    }

    /// `GET /projects/{name}`.
    package func project(_ name: String) async throws(RequestFailure) -> ProjectInfo {
        try await get("/projects/\(PercentPath.encode(name))")
    }

    /// `PATCH /projects/{name}`, as it was when it was read.
    package func amendProject(
        _ known: ProjectInfo,
        _ request: AmendProjectRequest
    ) async throws(RequestFailure) -> ProjectInfo {
        try await patch("/projects/\(PercentPath.encode(known.project.name))", request, ifMatch: known.tag)
    }

    /// `POST /projects/{name}/pause`, `/resume` and `/close`.
    package func moveProject(
        _ name: String,
        to state: Project.State,
        reason: String
    ) async throws(RequestFailure) -> ProjectInfo {
        let verb =
            switch state {
            case .open: "resume"
            case .paused: "pause"
            case .closed: "close"
            }
        return try await post("/projects/\(PercentPath.encode(name))/\(verb)", SiteStateRequest(reason: reason))
    }

    /// `GET /workflow`.
    package func workflow() async throws(RequestFailure) -> Workflow { try await get("/workflow") }

    /// `POST /workflow`.
    package func signWorkflow(_ request: Workflow) async throws(RequestFailure) -> Workflow {
        try await post("/workflow", request)
    }

    /// `POST /policies`.
    package func addPolicy(_ request: AddPolicyRequest) async throws(RequestFailure) -> PolicySummary {
        try await post("/policies", request)
    }

    /// `GET /policies`.
    package func policies() async throws(RequestFailure) -> ItemList<PolicySummary> { try await all("/policies") }

    /// `GET /images`.
    package func images() async throws(RequestFailure) -> ItemList<ImageSummary> { try await all("/images") }

    /// `POST /blobs`: a NAR archive in a file that is open for reading.
    package func addBlob(descriptor: Int32, bytes: UInt64) async throws(RequestFailure) -> BlobReceipt {
        try await upload("/blobs", descriptor: descriptor, bytes: bytes)
    }

    /// `POST /plans`.
    package func createPlan(_ request: CreatePlanRequest) async throws(RequestFailure) -> CreatedPlan {
        try await post("/plans", request)
    }

    /// `GET /plans/{digest}`: the exact bytes of `manifest.json`.
    package func plan(digest: Digest) async throws(RequestFailure) -> [UInt8] {
        try await getBytes("/plans/\(PercentPath.encode(digest.named))")
    }

    /// `GET /plans/{digest}/files/{path}`.
    package func planFile(digest: Digest, path: String) async throws(RequestFailure) -> [UInt8] {
        try await getBytes("/plans/\(PercentPath.encode(digest.named))/files/\(Self.encode(path: path))")
    }

    /// `POST /jobs`.
    package func submit(_ request: SubmitJobRequest) async throws(RequestFailure) -> JobInfo {
        try await post("/jobs", request)
    }

    /// `GET /jobs`, page by page: all of them.
    package func jobs() async throws(RequestFailure) -> ItemList<JobInfo> { try await all("/jobs") }

    /// `POST /tokens`.
    package func createToken(_ request: CreateTokenRequest) async throws(RequestFailure) -> CreatedToken {
        try await post("/tokens", request)
    }

    /// `GET /tokens`.
    package func tokens() async throws(RequestFailure) -> ItemList<TokenInfo> { try await all("/tokens") }

    /// `DELETE /tokens/{id}`.
    package func revokeToken(id: String) async throws(RequestFailure) -> TokenInfo {
        try await delete("/tokens/\(PercentPath.encode(id))")
    }

    /// `POST /webhooks`.
    package func addWebhook(_ request: CreateWebhookRequest) async throws(RequestFailure) -> CreatedWebhook {
        try await post("/webhooks", request)
    }

    /// `GET /webhooks`.
    package func webhooks() async throws(RequestFailure) -> ItemList<WebhookInfo> { try await all("/webhooks") }

    /// `DELETE /webhooks/{id}`.
    package func removeWebhook(id: String) async throws(RequestFailure) -> WebhookInfo {
        try await delete("/webhooks/\(PercentPath.encode(id))")
    }

    /// `POST /webhooks/{id}/test`.
    package func tryWebhook(id: String) async throws(RequestFailure) -> WebhookTrial {
        try await post("/webhooks/\(PercentPath.encode(id))/test", Empty())
    }

    /// `POST /nodes`.
    package func enrollNode(_ request: EnrollNodeRequest) async throws(RequestFailure) -> EnrolledNode {
        try await post("/nodes", request)
    }

    /// `GET /nodes`.
    package func nodes() async throws(RequestFailure) -> ItemList<NodeInfo> { try await all("/nodes") }

    /// `POST /nodes/{name}/drain`, `/resume` and `/remove`.
    package func moveNode(name: String, _ verb: String, reason: String) async throws(RequestFailure) -> NodeInfo {
        try await post("/nodes/\(PercentPath.encode(name))/\(verb)", SiteStateRequest(reason: reason))
    }

    private func all<Item: APIValue>(
        _ path: String,
        _ query: [String] = []
    ) async throws(RequestFailure) -> ItemList<Item> {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let page: ItemList<Item> = try await get(
                path + "?" + (["limit=500"] + query + (cursor.map { ["cursor=\($0)"] } ?? [])).joined(separator: "&")
            )
            items += page.items
            cursor = page.next
        } while cursor != nil
        return ItemList(items)
    }

    /// `GET /jobs/{id}?wait=N`, `wait` in seconds, 0 to 30.
    package func job(id: String, wait: Int = 0) async throws(RequestFailure) -> JobInfo {
        try await get("/jobs/\(PercentPath.encode(id))" + (wait > 0 ? "?wait=\(min(30, wait))" : ""))
    }

    /// `POST /jobs/{id}/cancel`.
    package func cancel(id: String, _ request: CancelRequest) async throws(RequestFailure) -> JobInfo {
        try await post("/jobs/\(PercentPath.encode(id))/cancel", request)
    }

    /// `GET /jobs/{id}/receipt`.
    package func receipt(id: String) async throws(RequestFailure) -> NamedFiles {
        try await get("/jobs/\(PercentPath.encode(id))/receipt")
    }

    /// `GET /jobs/{id}/text`.
    package func text(_ id: String) async throws(RequestFailure) -> RunText {
        try await get("/jobs/\(PercentPath.encode(id))/text")
    }

    /// `GET /jobs/{id}/release`.
    package func release(_ id: String) async throws(RequestFailure) -> ReleaseReview {
        try await get("/jobs/\(PercentPath.encode(id))/release")
    }

    /// `POST /jobs/{id}/release/votes`.
    package func vote(_ id: String, _ request: VerdictRequest) async throws(RequestFailure) -> VerdictReceipt {
        try await post("/jobs/\(PercentPath.encode(id))/release/votes", request)
    }

    /// `POST /jobs/{id}/release/context`.
    package func answer(_ id: String, _ answer: ReleaseAnswer) async throws(RequestFailure) -> JobInfo {
        try await post("/jobs/\(PercentPath.encode(id))/release/context", answer)
    }

    /// `GET /inbox`.
    package func inbox() async throws(RequestFailure) -> ItemList<InboxItem> { try await all("/inbox") }

    /// `POST /approvals`.
    package func approve(_ request: ApprovalRequest) async throws(RequestFailure) -> ApprovalReceipt {
        try await post("/approvals", request)
    }

    /// `POST /gc`.
    package func collect(_ request: CollectionRequest) async throws(RequestFailure) -> CollectionReport {
        try await post("/gc", request)
    }

    /// `POST /redactions`.
    package func redact(_ request: RedactionRequest) async throws(RequestFailure) -> RedactionState {
        try await post("/redactions", request)
    }

    /// `POST /backups`; the answer comes when everything has been written and read back.
    package func backUp(_ request: BackupRequest) async throws(RequestFailure) -> BackupInfo {
        try await post("/backups", request, seconds: 86_400)
    }

    /// `POST /site/pause`.
    package func pause(_ request: SiteStateRequest) async throws(RequestFailure) -> SiteState {
        try await post("/site/pause", request)
    }

    /// `POST /site/resume`.
    package func resume(_ request: SiteStateRequest) async throws(RequestFailure) -> SiteState {
        try await post("/site/resume", request)
    }

    private static func encode(path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { PercentPath.encode(String($0)) }
            .joined(separator: "/")
    }
}
