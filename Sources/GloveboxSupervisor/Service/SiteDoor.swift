package import GloveboxAPI
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxImages
package import GloveboxJobs
internal import GloveboxMeasure
internal import GloveboxStore

/// The site as the server sees it.
///
/// Every call is done on a thread of its own, since the site waits for disks.
package struct SiteDoor: DatasiteService, PublicSite, Authenticator, CustomStringConvertible {
    private let site: Site
    private let offload = Offload("site")

    /// A door to a site.
    package init(_ site: Site) { self.site = site }

    /// Nothing of what is behind the door, which would end up in text logs.
    package var description: String { "site" }

    /// Rings when something changed.
    var bell: Bell { site.bell }

    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (Site) throws(GloveboxError) -> Value
    ) async throws(GloveboxError) -> Value {
        let provenance = Provenance.current
        return try await offload.run { [site] () throws(GloveboxError) in
            // Threads of the queue know nothing of the task.
            try Provenance.$current.withValue(provenance) {
                Result { () throws(GloveboxError) in try body(site) }
            }.get()
        }
    }

    /// As ``perform(_:)``; that an auditor looks is on record first.
    func look<Value: Sendable>(
        _ caller: Caller,
        _ body: @escaping @Sendable (Site) throws(GloveboxError) -> Value
    ) async throws(GloveboxError) -> Value {
        try await perform { (site) throws(GloveboxError) in
            try site.noteAuditor(caller.account, caller.roles.contains(.auditor))
            return try body(site)
        }
    }

    package func authenticate(token: String) async throws(GloveboxError) -> Caller {
        try await perform { (site) throws(GloveboxError) in
            do throws(GloveboxError) { return try site.authenticate(token: token) } catch {
                try site.noteFailedLogin(error)
                throw error
            }
        }
    }

    package func noteRefused(_ error: GloveboxError) async throws(GloveboxError) {
        try await perform { (site) throws(GloveboxError) in try site.noteFailedLogin(error) }
    }

    package func health() async throws(GloveboxError) -> Health {
        Health(
            site: site.configuration.name,
            version: SiteLog.version,
            state: GloveboxAPI.SiteState(paused: site.read { state in state.isPaused }),
            assurance: "emulated",
            insecure: site.settings.insecure
        )
    }

    package func trust() async throws(GloveboxError) -> NamedFiles {
        try await perform { (site) throws(GloveboxError) in try site.trust() }
    }

    package func checkpoint() async throws(GloveboxError) -> [UInt8] { site.log.checkpoint }

    package func tile(path: String) async throws(GloveboxError) -> [UInt8] {
        guard let file = try await file(path) else { throw GloveboxError("object.not-found", "there is no such tile") }
        return file.bytes
    }

    package func file(_ path: String) async throws(GloveboxError) -> PublicFile? {
        try await perform { (site) throws(GloveboxError) in try site.file(path) }
    }

    package func addCheckpoint(_ body: [UInt8]) async throws(GloveboxError) -> WitnessAnswer {
        try await perform { (site) throws(GloveboxError) in try site.addCheckpoint(body) }
    }

    package func startExport(_ caller: Caller, _ request: ExportRequest) async throws(GloveboxError) -> ExportStart {
        try await perform { (site) throws(GloveboxError) in try site.startExport(caller, request) }
    }

    package func bodies(_ caller: Caller, from index: UInt64) async throws(GloveboxError) -> ItemList<LogBody> {
        try await perform { (site) throws(GloveboxError) in try site.bodies(caller, from: index) }
    }

    package func whoami(_ caller: Caller) async throws(GloveboxError) -> WhoAmI { site.whoami(caller) }

    package func createAccount(
        _ caller: Caller,
        _ request: CreateAccountRequest
    ) async throws(GloveboxError) -> CreatedAccount {
        try await perform { (site) throws(GloveboxError) in
            let made = try site.createAccount(name: request.name, roles: request.roles, by: caller)
            return CreatedAccount(account: made.account, token: made.token)
        }
    }

    package func enrollKey(
        _ caller: Caller,
        account: String,
        _ request: EnrollKeyRequest
    ) async throws(GloveboxError) -> EnrolledKey {
        try await perform { (site) throws(GloveboxError) in
            try site.enrollKey(caller, account: account, request)
        }
    }

    package func enrollCertificate(
        _ caller: Caller,
        account: String,
        _ request: EnrollCertificateRequest
    ) async throws(GloveboxError) -> CertificateInfo {
        try await perform { (site) throws(GloveboxError) in
            try site.enrollCertificate(caller, account: account, request)
        }
    }

    package func certificates(
        _ caller: Caller,
        account: String
    ) async throws(GloveboxError) -> ItemList<CertificateInfo> {
        ItemList(try site.certificates(caller, account: account))
    }

    package func revokeCertificate(
        _ caller: Caller,
        account: String,
        spki: Digest
    ) async throws(GloveboxError) -> CertificateInfo {
        try await perform { (site) throws(GloveboxError) in
            try site.revokeCertificate(caller, account: account, spki: spki)
        }
    }

    package func addDataset(
        _ caller: Caller,
        _ request: AddDatasetRequest
    ) async throws(GloveboxError) -> DatasetSummary {
        try await perform { (site) throws(GloveboxError) in try site.addDataset(caller, request) }
    }

    package func datasets(_ caller: Caller) async throws(GloveboxError) -> ItemList<DatasetSummary> {
        ItemList(site.datasets())
    }

    package func mock(_ caller: Caller, dataset: String) async throws(GloveboxError) -> [UInt8] {
        try await perform { (site) throws(GloveboxError) in try site.mock(of: dataset) }
    }

    package func budgets(
        _ caller: Caller,
        project: String?,
        dataset: String?
    ) async throws(GloveboxError) -> ItemList<BudgetInfo> {
        try await perform { (site) throws(GloveboxError) in
            ItemList(try site.budgets(for: caller, project: project, dataset: dataset))
        }
    }

    package func projects(_ caller: Caller) async throws(GloveboxError) -> ItemList<ProjectInfo> {
        try await perform { (site) throws(GloveboxError) in ItemList(try site.projects(for: caller)) }
    }

    package func createProject(
        _ caller: Caller,
        _ request: CreateProjectRequest
    ) async throws(GloveboxError) -> ProjectInfo {
        try await perform { (site) throws(GloveboxError) in try site.createProject(caller, request) }
    }

    package func project(_ caller: Caller, name: String) async throws(GloveboxError) -> ProjectInfo {
        try await perform { (site) throws(GloveboxError) in try site.project(name, for: caller) }
    }

    package func amendProject(
        _ caller: Caller,
        name: String,
        _ request: AmendProjectRequest,
        ifMatch: String?
    ) async throws(GloveboxError) -> ProjectInfo {
        try await perform { (site) throws(GloveboxError) in
            try site.amendProject(caller, name, request, ifMatch: ifMatch)
        }
    }

    package func moveProject(
        _ caller: Caller,
        name: String,
        to state: Project.State,
        _ request: SiteStateRequest
    ) async throws(GloveboxError) -> ProjectInfo {
        try await perform { (site) throws(GloveboxError) in
            try site.moveProject(caller, name, to: state, reason: request.reason)
        }
    }

    package func workflow(_ caller: Caller) async throws(GloveboxError) -> Workflow {
        try await perform { (site) throws(GloveboxError) in try site.workflow(for: caller) }
    }

    package func signWorkflow(_ caller: Caller, _ request: Workflow) async throws(GloveboxError) -> Workflow {
        try await perform { (site) throws(GloveboxError) in try site.signWorkflow(caller, request) }
    }

    package func addPolicy(_ caller: Caller, _ request: AddPolicyRequest) async throws(GloveboxError) -> PolicySummary {
        try await perform { (site) throws(GloveboxError) in try site.addPolicy(caller, request) }
    }

    package func policies(_ caller: Caller) async throws(GloveboxError) -> ItemList<PolicySummary> {
        ItemList(site.policies())
    }

    package func images(_ caller: Caller) async throws(GloveboxError) -> ItemList<ImageSummary> {
        try await perform { (site) throws(GloveboxError) in
            var items: [ImageSummary] = []
            for image in try site.images.list() {
                items.append(
                    ImageSummary(
                        name: image.name ?? "",
                        aliases: try site.images.aliases(of: image),
                        digest: image.digest,
                        bytes: image.bytes,
                        format: image.format
                    )
                )
            }
            return ItemList(items)
        }
    }

    package func addBlob(_ caller: Caller, _ upload: BlobUpload) async throws(GloveboxError) -> BlobReceipt {
        try await perform { (site) throws(GloveboxError) in try site.addBlob(caller, upload) }
    }

    package func createPlan(_ caller: Caller, _ request: CreatePlanRequest) async throws(GloveboxError) -> CreatedPlan {
        try await perform { (site) throws(GloveboxError) in try site.createPlan(caller, request) }
    }

    package func plan(_ caller: Caller, digest: Digest) async throws(GloveboxError) -> [UInt8] {
        try await perform { (site) throws(GloveboxError) in
            let plan = try site.plan(digest, for: caller)
            try site.notePlanReview(caller, digest)
            return plan.bytes
        }
    }

    package func planFile(_ caller: Caller, digest: Digest, path: String) async throws(GloveboxError) -> [UInt8] {
        try await perform { (site) throws(GloveboxError) in
            try site.file(path, of: site.plan(digest, for: caller).core.code.nar)
        }
    }

    package func submit(
        _ caller: Caller,
        _ request: SubmitJobRequest,
        idempotency: Idempotency?
    ) async throws(GloveboxError) -> JobInfo {
        try await perform { (site) throws(GloveboxError) in
            try site.submit(caller, request, idempotency: idempotency)
        }
    }

    package func jobs(_ caller: Caller, _ query: JobQuery) async throws(GloveboxError) -> Page<JobInfo> {
        try await look(caller) { (site) throws(GloveboxError) in try site.jobs(for: caller, query) }
    }

    package func createToken(_ caller: Caller, _ request: CreateTokenRequest) async throws(GloveboxError)
        -> CreatedToken
    { try await perform { (site) throws(GloveboxError) in try site.createToken(caller, request) } }

    package func tokens(_ caller: Caller) async throws(GloveboxError) -> ItemList<TokenInfo> {
        ItemList(site.tokens(for: caller))
    }

    package func revokeToken(_ caller: Caller, id: String) async throws(GloveboxError) -> TokenInfo {
        try await perform { (site) throws(GloveboxError) in try site.revokeToken(caller, id: id) }
    }

    package func addWebhook(
        _ caller: Caller,
        _ request: CreateWebhookRequest
    ) async throws(GloveboxError) -> CreatedWebhook {
        try await perform { (site) throws(GloveboxError) in try site.addWebhook(caller, request) }
    }

    package func webhooks(_ caller: Caller) async throws(GloveboxError) -> ItemList<WebhookInfo> {
        try await perform { (site) throws(GloveboxError) in ItemList(site.webhooks(for: caller)) }
    }

    package func removeWebhook(_ caller: Caller, id: String) async throws(GloveboxError) -> WebhookInfo {
        try await perform { (site) throws(GloveboxError) in try site.removeWebhook(caller, id: id) }
    }

    package func tryWebhook(_ caller: Caller, id: String) async throws(GloveboxError) -> WebhookTrial {
        try await WebhookCourier(site).trial(of: site.webhook(id, of: caller))
    }

    package func enrollNode(_ caller: Caller, _ request: EnrollNodeRequest) async throws(GloveboxError) -> EnrolledNode
    {
        try await perform { (site) throws(GloveboxError) in try site.enrollNode(caller, request) }
    }

    package func nodes(_ caller: Caller) async throws(GloveboxError) -> ItemList<NodeInfo> {
        try await look(caller) { (site) throws(GloveboxError) in ItemList(site.nodeList()) }
    }

    package func moveNode(
        _ caller: Caller,
        name: String,
        to state: NodeInfo.State,
        _ request: SiteStateRequest
    ) async throws(GloveboxError) -> NodeInfo {
        try await perform { (site) throws(GloveboxError) in
            switch state {
            case .draining: try site.drainNode(caller, name: name, reason: request.reason)
            case .enrolled: try site.resumeNode(caller, name: name, reason: request.reason)
            case .removed: try site.removeNode(caller, name: name, reason: request.reason)
            case .expired: throw GloveboxError("internal", "nodes expire by themselves")
            }
        }
    }

    package func job(_ caller: Caller, id: String, wait: Int) async throws(GloveboxError) -> JobInfo {
        var first: JobPhase?
        let phases = Set(JobPhase.allCases)
        return try await self.wait(for: id, in: phases, milliseconds: 1000 * wait) { () throws(GloveboxError) in
            try await look(caller) { (site) throws(GloveboxError) in try site.info(id, for: caller) }
        } until: { job in
            defer { first = first ?? job.phase }
            return job.phase.isTerminal || first.map { $0 != job.phase } ?? false
        }
    }

    package func cancel(
        _ caller: Caller,
        id: String,
        _ request: CancelRequest
    ) async throws(GloveboxError) -> JobInfo {
        try await perform { (site) throws(GloveboxError) in try site.cancel(caller, id, request) }
    }

    package func receipt(_ caller: Caller, id: String) async throws(GloveboxError) -> NamedFiles {
        try await look(caller) { (site) throws(GloveboxError) in try site.receipt(id, for: caller) }
    }

    package func text(_ caller: Caller, id: String) async throws(GloveboxError) -> RunText {
        try await perform { (site) throws(GloveboxError) in try site.text(caller, id) }
    }

    package func release(_ caller: Caller, id: String) async throws(GloveboxError) -> ReleaseReview {
        try await perform { (site) throws(GloveboxError) in try site.release(caller, id) }
    }

    package func vote(
        _ caller: Caller,
        id: String,
        _ request: VerdictRequest
    ) async throws(GloveboxError) -> VerdictReceipt {
        try await perform { (site) throws(GloveboxError) in try site.vote(caller, id, request) }
    }

    package func answer(
        _ caller: Caller,
        id: String,
        _ answer: ReleaseAnswer
    ) async throws(GloveboxError) -> JobInfo {
        try await perform { (site) throws(GloveboxError) in try site.answer(caller, id, answer) }
    }

    package func inbox(_ caller: Caller) async throws(GloveboxError) -> ItemList<InboxItem> {
        ItemList(site.inbox(for: caller))
    }

    package func approve(_ caller: Caller, _ request: ApprovalRequest) async throws(GloveboxError) -> ApprovalReceipt {
        try await perform { (site) throws(GloveboxError) in try site.approve(caller, request) }
    }

    package func lineage(_ caller: Caller, dataset: String) async throws(GloveboxError) -> LineageInfo {
        try await perform { (site) throws(GloveboxError) in try site.lineage(of: dataset) }
    }

    package func splitLineage(
        _ caller: Caller,
        dataset: String,
        _ request: LineageSplitRequest
    ) async throws(GloveboxError) -> LineageInfo {
        try await perform { (site) throws(GloveboxError) in try site.splitLineage(caller, dataset, request) }
    }

    package func override(_ caller: Caller, id: String) async throws(GloveboxError) -> OverrideInfo {
        try await perform { (site) throws(GloveboxError) in try site.override(caller, id) }
    }

    package func override(
        _ caller: Caller,
        id: String,
        _ request: OverrideRequest
    ) async throws(GloveboxError) -> OverrideInfo {
        try await perform { (site) throws(GloveboxError) in try site.override(caller, id, request) }
    }

    package func collect(_ caller: Caller, _ request: CollectionRequest) async throws(GloveboxError)
        -> CollectionReport
    {
        try await perform { (site) throws(GloveboxError) in try site.collect(isDry: request.isDry) }
    }

    package func redact(_ caller: Caller, _ request: RedactionRequest) async throws(GloveboxError) -> RedactionState {
        try await perform { (site) throws(GloveboxError) in try site.redact(caller, request) }
    }

    package func backUp(_ caller: Caller, _ request: BackupRequest) async throws(GloveboxError) -> BackupInfo {
        try await perform { (site) throws(GloveboxError) in try site.backUp(caller, request) }
    }

    package func pause(_ caller: Caller, _ request: SiteStateRequest) async throws(GloveboxError)
        -> GloveboxAPI.SiteState
    {
        try await perform { (site) throws(GloveboxError) in
            try site.setPaused(true, caller, reason: request.reason)
        }
    }

    package func resume(_ caller: Caller, _ request: SiteStateRequest) async throws(GloveboxError)
        -> GloveboxAPI.SiteState
    {
        try await perform { (site) throws(GloveboxError) in
            try site.setPaused(false, caller, reason: request.reason)
        }
    }

    package func results(_ caller: Caller, id: String) async throws(GloveboxError) -> [NamedFile] {
        try await look(caller) { (site) throws(GloveboxError) in try site.results(id, for: caller) }
    }

    package func taskService() async throws(GloveboxError) -> JSONValue { site.taskService() }

    package func createTask(
        _ caller: Caller,
        _ task: TaskDocument,
        idempotency: Idempotency?
    ) async throws(GloveboxError) -> String {
        try await perform { (site) throws(GloveboxError) in
            try site.createTask(caller, task, idempotency: idempotency)
        }
    }

    package func tasks(_ caller: Caller, _ query: TaskQuery) async throws(GloveboxError) -> Page<TaskRecord> {
        try await look(caller) { (site) throws(GloveboxError) in try site.tasks(for: caller, query) }
    }

    package func task(_ caller: Caller, id: String, wait: Int) async throws(GloveboxError) -> TaskRecord {
        let phases = Site.waitingForPeople.union(JobPhase.allCases.filter(\.isTerminal))
        return try await self.wait(for: id, in: phases, milliseconds: wait) { () throws(GloveboxError) in
            try await look(caller) { (site) throws(GloveboxError) in try site.task(id, for: caller) }
        } until: {
            $0.phase.isTerminal || $0.waitsForPeople
        }
    }

    /// Looks at a job, and again when it comes to one of some phases, until it is as wanted or the time is over; no thread
    /// waits.
    private func wait<Value: Sendable>(
        for job: String,
        in phases: Set<JobPhase>,
        milliseconds: Int,
        look: () async throws(GloveboxError) -> Value,
        until isOver: (Value) -> Bool
    ) async throws(GloveboxError) -> Value {
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .milliseconds(milliseconds))
        let listener = bell.listen(to: job, for: phases)
        defer { bell.leave(listener) }
        while true {
            let value = try await look()
            let left = clock.now.duration(to: end)
            if isOver(value) || left <= .zero || Task.isCancelled { return value }
            // Ends of real runs show at ticks of the clock, which ring no bell.
            await listener.next(within: min(left, .milliseconds(100)))
        }
    }
}
