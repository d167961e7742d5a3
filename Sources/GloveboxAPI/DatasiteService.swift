package import GloveboxCore
package import GloveboxJobs

/// Everything a site does for its callers.
///
/// The supervisor conforms; the server calls it after login and after the route's roles have been checked. The service
/// checks the object: who owns it, who submitted it, who may see it.
///
/// An object that the caller may not see is `object.not-found`. Source: job-backend section 4.1.
package protocol DatasiteService: Sendable {
    /// `GET /healthz`.
    func health() async throws(GloveboxError) -> Health
    /// `GET /trust`: `trust_config.json`, `trusted_root.json`, `trust-policy.dsse.json`, `tlog.policy`.
    func trust() async throws(GloveboxError) -> NamedFiles
    /// `GET /log/checkpoint`: the newest signed checkpoint.
    func checkpoint() async throws(GloveboxError) -> [UInt8]
    /// `GET /log/tile/…`: one tile; the path begins with `tile/` and holds digits, `x`, `/`, `.p` and letters only.
    func tile(path: String) async throws(GloveboxError) -> [UInt8]
    /// `POST /log/exports`.
    func startExport(_ caller: Caller, _ request: ExportRequest) async throws(GloveboxError) -> ExportStart
    /// `GET /log/entries?from=N`: private bodies, a page at a time.
    func bodies(_ caller: Caller, from index: UInt64) async throws(GloveboxError) -> ItemList<LogBody>
    /// `GET /whoami`.
    func whoami(_ caller: Caller) async throws(GloveboxError) -> WhoAmI

    /// `POST /accounts`.
    func createAccount(_ caller: Caller, _ request: CreateAccountRequest) async throws(GloveboxError) -> CreatedAccount
    /// `POST /accounts/{id}/keys`; the account must be the caller's own.
    func enrollKey(
        _ caller: Caller,
        account: String,
        _ request: EnrollKeyRequest
    ) async throws(GloveboxError) -> EnrolledKey

    /// `POST /accounts/{id}/certificates`; another account's at an operator's or owner's word.
    func enrollCertificate(
        _ caller: Caller,
        account: String,
        _ request: EnrollCertificateRequest
    ) async throws(GloveboxError) -> CertificateInfo
    /// `GET /accounts/{id}/certificates`.
    func certificates(_ caller: Caller, account: String) async throws(GloveboxError) -> ItemList<CertificateInfo>
    /// `DELETE /accounts/{id}/certificates/{spki}`.
    func revokeCertificate(_ caller: Caller, account: String, spki: Digest) async throws(GloveboxError)
        -> CertificateInfo

    /// `POST /tokens`: a further token of the caller's own account.
    func createToken(_ caller: Caller, _ request: CreateTokenRequest) async throws(GloveboxError) -> CreatedToken
    /// `GET /tokens`: the caller's own; an operator sees all.
    func tokens(_ caller: Caller) async throws(GloveboxError) -> ItemList<TokenInfo>
    /// `DELETE /tokens/{id}`: one's own; an operator may end any.
    func revokeToken(_ caller: Caller, id: String) async throws(GloveboxError) -> TokenInfo

    /// `POST /webhooks`: a receiver of the caller's own.
    func addWebhook(_ caller: Caller, _ request: CreateWebhookRequest) async throws(GloveboxError) -> CreatedWebhook
    /// `GET /webhooks`: the caller's own; an operator sees all.
    func webhooks(_ caller: Caller) async throws(GloveboxError) -> ItemList<WebhookInfo>
    /// `DELETE /webhooks/{id}`: one's own; an operator may remove any.
    func removeWebhook(_ caller: Caller, id: String) async throws(GloveboxError) -> WebhookInfo
    /// `POST /webhooks/{id}/test`: a message at once; one's own, or any for an operator.
    func tryWebhook(_ caller: Caller, id: String) async throws(GloveboxError) -> WebhookTrial

    /// `POST /nodes`: the node's certificate.
    func enrollNode(_ caller: Caller, _ request: EnrollNodeRequest) async throws(GloveboxError) -> EnrolledNode
    /// `GET /nodes`.
    func nodes(_ caller: Caller) async throws(GloveboxError) -> ItemList<NodeInfo>
    /// `POST /nodes/{name}/drain`, `/resume` and `/remove`.
    func moveNode(
        _ caller: Caller,
        name: String,
        to state: NodeInfo.State,
        _ request: SiteStateRequest
    ) async throws(GloveboxError) -> NodeInfo

    /// `POST /datasets`.
    func addDataset(_ caller: Caller, _ request: AddDatasetRequest) async throws(GloveboxError) -> DatasetSummary
    /// `GET /datasets`.
    func datasets(_ caller: Caller) async throws(GloveboxError) -> ItemList<DatasetSummary>
    /// `GET /datasets/{name}/mock`: the bytes of the mock file.
    func mock(_ caller: Caller, dataset: String) async throws(GloveboxError) -> [UInt8]
    /// `GET /datasets/{name}/lineage`.
    func lineage(_ caller: Caller, dataset: String) async throws(GloveboxError) -> LineageInfo
    /// `POST /datasets/{name}/lineage`: an owner's word that the dataset shall leave its lineage.
    func splitLineage(
        _ caller: Caller,
        dataset: String,
        _ request: LineageSplitRequest
    ) async throws(GloveboxError) -> LineageInfo
    /// `GET /jobs/{id}/override`: what owners may override about a refused table.
    func override(_ caller: Caller, id: String) async throws(GloveboxError) -> OverrideInfo
    /// `POST /jobs/{id}/override`: an owner's word that it may leave.
    func override(_ caller: Caller, id: String, _ request: OverrideRequest) async throws(GloveboxError) -> OverrideInfo
    /// `GET /budgets`: what projects and datasets the caller may know of have used of their limits.
    func budgets(_ caller: Caller, project: String?, dataset: String?) async throws(GloveboxError)
        -> ItemList<BudgetInfo>
    /// `GET /projects`: those the caller may know of.
    func projects(_ caller: Caller) async throws(GloveboxError) -> ItemList<ProjectInfo>
    /// `POST /projects`.
    func createProject(_ caller: Caller, _ request: CreateProjectRequest) async throws(GloveboxError) -> ProjectInfo
    /// `GET /projects/{name}`.
    func project(_ caller: Caller, name: String) async throws(GloveboxError) -> ProjectInfo
    /// `PATCH /projects/{name}`; `ifMatch` is the tag of what the caller read.
    func amendProject(
        _ caller: Caller,
        name: String,
        _ request: AmendProjectRequest,
        ifMatch: String?
    ) async throws(GloveboxError) -> ProjectInfo
    /// `POST /projects/{name}/pause`, `/resume` and `/close`.
    func moveProject(
        _ caller: Caller,
        name: String,
        to state: Project.State,
        _ request: SiteStateRequest
    ) async throws(GloveboxError) -> ProjectInfo
    /// `GET /workflow`: what an owner may sign.
    func workflow(_ caller: Caller) async throws(GloveboxError) -> Workflow
    /// `POST /workflow`: the owner's envelopes; the answer is what they hold.
    func signWorkflow(_ caller: Caller, _ request: Workflow) async throws(GloveboxError) -> Workflow
    /// `POST /policies`.
    func addPolicy(_ caller: Caller, _ request: AddPolicyRequest) async throws(GloveboxError) -> PolicySummary
    /// `GET /policies`.
    func policies(_ caller: Caller) async throws(GloveboxError) -> ItemList<PolicySummary>
    /// `GET /images`.
    func images(_ caller: Caller) async throws(GloveboxError) -> ItemList<ImageSummary>

    /// `POST /blobs`: a NAR archive; anything else, and any name the rules refuse, is `upload.rejected`.
    func addBlob(_ caller: Caller, _ upload: BlobUpload) async throws(GloveboxError) -> BlobReceipt
    /// `POST /plans`.
    func createPlan(_ caller: Caller, _ request: CreatePlanRequest) async throws(GloveboxError) -> CreatedPlan
    /// `GET /plans/{digest}`: the exact bytes of `manifest.json`.
    func plan(_ caller: Caller, digest: Digest) async throws(GloveboxError) -> [UInt8]
    /// `GET /plans/{digest}/files/{path}`: one file of the code tree; the path is as raw as it came.
    func planFile(_ caller: Caller, digest: Digest, path: String) async throws(GloveboxError) -> [UInt8]

    /// `POST /jobs`; the same idempotency name a second time gives the job that the first one made.
    func submit(
        _ caller: Caller,
        _ request: SubmitJobRequest,
        idempotency: Idempotency?
    ) async throws(GloveboxError) -> JobInfo
    /// `GET /jobs`: a page of those the caller may see, newest first.
    func jobs(_ caller: Caller, _ query: JobQuery) async throws(GloveboxError) -> Page<JobInfo>
    /// `GET /jobs/{id}?wait=N`: at once, or after the next phase change but no later than `wait` seconds (0 to 30).
    func job(_ caller: Caller, id: String, wait: Int) async throws(GloveboxError) -> JobInfo
    /// `GET /jobs/{id}/events` and `GET /events`: what happens from now on, or after the event of that id.
    func events(_ caller: Caller, job: String?, after id: String?) async throws(GloveboxError)
        -> AsyncStream<SiteEvent>

    /// `GET /jobs/{id}/results`: the released files.
    func results(_ caller: Caller, id: String) async throws(GloveboxError) -> [NamedFile]

    /// `GET /service-info` of the task API.
    func taskService() async throws(GloveboxError) -> JSONValue
    /// `POST /tasks`; the id of the job.
    func createTask(
        _ caller: Caller,
        _ task: TaskDocument,
        idempotency: Idempotency?
    ) async throws(GloveboxError) -> String
    /// `GET /tasks`: a page of those the caller may see, newest first.
    func tasks(_ caller: Caller, _ query: TaskQuery) async throws(GloveboxError) -> Page<TaskRecord>
    /// `GET /tasks/{id}`: at once, or when it has ended, needs a person, or the milliseconds are over.
    func task(_ caller: Caller, id: String, wait: Int) async throws(GloveboxError) -> TaskRecord

    /// `POST /jobs/{id}/cancel`.
    func cancel(_ caller: Caller, id: String, _ request: CancelRequest) async throws(GloveboxError) -> JobInfo
    /// `GET /jobs/{id}/receipt`: the evidence directory with the released files.
    func receipt(_ caller: Caller, id: String) async throws(GloveboxError) -> NamedFiles

    /// `GET /jobs/{id}/text`: what a run on private data wrote, for the data's owners.
    func text(_ caller: Caller, id: String) async throws(GloveboxError) -> RunText
    /// `GET /jobs/{id}/release`: a release that waits for people.
    func release(_ caller: Caller, id: String) async throws(GloveboxError) -> ReleaseReview
    /// `POST /jobs/{id}/release/votes`.
    func vote(_ caller: Caller, id: String, _ request: VerdictRequest) async throws(GloveboxError) -> VerdictReceipt
    /// `POST /jobs/{id}/release/context`: a release that was sent back, once more.
    func answer(_ caller: Caller, id: String, _ answer: ReleaseAnswer) async throws(GloveboxError) -> JobInfo

    /// `GET /inbox`: what waits for the caller, oldest first.
    func inbox(_ caller: Caller) async throws(GloveboxError) -> ItemList<InboxItem>
    /// `POST /approvals`.
    func approve(_ caller: Caller, _ request: ApprovalRequest) async throws(GloveboxError) -> ApprovalReceipt
    /// `POST /gc`.
    func collect(_ caller: Caller, _ request: CollectionRequest) async throws(GloveboxError) -> CollectionReport
    /// `POST /redactions`.
    func redact(_ caller: Caller, _ request: RedactionRequest) async throws(GloveboxError) -> RedactionState
    /// `POST /backups`.
    func backUp(_ caller: Caller, _ request: BackupRequest) async throws(GloveboxError) -> BackupInfo
    /// `POST /site/pause`.
    func pause(_ caller: Caller, _ request: SiteStateRequest) async throws(GloveboxError) -> SiteState
    /// `POST /site/resume`.
    func resume(_ caller: Caller, _ request: SiteStateRequest) async throws(GloveboxError) -> SiteState
}
