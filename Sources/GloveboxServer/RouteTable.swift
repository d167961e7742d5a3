internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import HTTPTypes

/// Every route of the API.
///
/// Authorisation is read from here and nowhere else. Source: job-backend section 4.1.
enum RouteTable {
    /// All routes.
    static let routes: [Route] = site + accounts + nodes + catalogue + projects + plans + jobs + TaskRoutes.routes

    private static let paging: Set<String> = ["limit", "cursor"]

    private static let site: [Route] = [
        Route(.get, "/healthz", .health) { .value(try await $0.service.health()) },
        Route(.get, "/openapi.json", .readDescription) { _ in .json(OpenAPI.document) },
        Route(.get, "/trust", .readTrust) { .value(try await $0.service.trust()) },
        Route(.get, "/log/checkpoint", .readLog) {
            .bytes(try await $0.service.checkpoint(), type: "text/plain; charset=utf-8")
        },
        Route(.get, "/log/tile/**", .readLog) { .bytes(try await $0.service.tile(path: tilePath($0))) },
        Route(.get, "/log/entries", .readBodies, query: ["from"]) {
            .value(try await $0.service.bodies($0.caller, from: $0.index("from")))
        },
        Route(.post, "/log/exports", .exportLog, body: .json) {
            .value(try await $0.service.startExport($0.caller, $0.read()), status: 201)
        },
        Route(.post, "/gc", .collectGarbage, body: .json) {
            .value(try await $0.service.collect($0.caller, $0.read()))
        },
        Route(.post, "/redactions", .redact, body: .json) {
            .value(try await $0.service.redact($0.caller, $0.read()), status: 201)
        },
        Route(.post, "/backups", .backUp, body: .json) {
            .value(try await $0.service.backUp($0.caller, $0.read()), status: 201)
        },
        Route(.post, "/site/pause", .pauseSite, body: .json) {
            .value(try await $0.service.pause($0.caller, $0.read()))
        },
        Route(.post, "/site/resume", .resumeSite, body: .json) {
            .value(try await $0.service.resume($0.caller, $0.read()))
        },
    ]

    private static let accounts: [Route] = [
        Route(.get, "/whoami", .whoami) { .value(try await $0.service.whoami($0.caller)) },
        Route(.post, "/tokens", .createToken, body: .json, showsSecret: true) {
            .value(try await $0.service.createToken($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/tokens", .listTokens, query: paging) {
            try $0.page(try await $0.service.tokens($0.caller), of: "tokens")
        },
        Route(.delete, "/tokens/*", .revokeToken) {
            .value(try await $0.service.revokeToken($0.caller, id: $0.argument(0)))
        },
        Route(.post, "/webhooks", .addWebhook, body: .json, showsSecret: true) {
            .value(try await $0.service.addWebhook($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/webhooks", .listWebhooks, query: paging) {
            try $0.page(try await $0.service.webhooks($0.caller), of: "webhooks")
        },
        Route(.delete, "/webhooks/*", .removeWebhook) {
            .value(try await $0.service.removeWebhook($0.caller, id: $0.argument(0)))
        },
        Route(.post, "/webhooks/*/test", .tryWebhook, body: .json) {
            let _: Empty = try $0.read()
            return .value(try await $0.service.tryWebhook($0.caller, id: $0.argument(0)))
        },
        Route(.post, "/accounts", .createAccount, body: .json, showsSecret: true) {
            .value(try await $0.service.createAccount($0.caller, $0.read()), status: 201)
        },
        Route(.post, "/accounts/*/keys", .enrollKey, body: .json) { call in
            let (caller, account) = (try call.caller, try call.argument(0))
            guard caller.account.utf8.elementsEqual(account.utf8) else {
                throw GloveboxError("auth.forbidden", "only the account itself can enrol its key")
            }
            return .value(try await call.service.enrollKey(caller, account: account, call.read()), status: 201)
        },
        Route(.post, "/accounts/*/certificates", .enrollCertificate, body: .json) {
            .value(
                try await $0.service.enrollCertificate($0.caller, account: $0.argument(0), $0.read()),
                status: 201
            )
        },
        Route(.get, "/accounts/*/certificates", .listCertificates, query: paging) {
            try $0.page(
                try await $0.service.certificates($0.caller, account: $0.argument(0)),
                of: "certificates \($0.argument(0))"
            )
        },
        Route(.delete, "/accounts/*/certificates/*", .revokeCertificate) {
            .value(
                try await $0.service.revokeCertificate($0.caller, account: $0.argument(0), spki: $0.digest(1))
            )
        },
    ]

    private static let nodes: [Route] = [
        Route(.post, "/nodes", .enrollNode, body: .json) {
            .value(try await $0.service.enrollNode($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/nodes", .listNodes, query: paging) {
            try $0.page(try await $0.service.nodes($0.caller), of: "nodes")
        },
        Route(.post, "/nodes/*/drain", .drainNode, body: .json) { try await move($0, to: .draining) },
        Route(.post, "/nodes/*/resume", .resumeNode, body: .json) { try await move($0, to: .enrolled) },
        Route(.post, "/nodes/*/remove", .removeNode, body: .json) { try await move($0, to: .removed) },
    ]

    private static func move(_ call: Call, to state: NodeInfo.State) async throws -> Answer {
        .value(try await call.service.moveNode(call.caller, name: call.argument(0), to: state, call.read()))
    }

    private static let catalogue: [Route] = [
        Route(.get, "/datasets", .listDatasets, query: paging) {
            try $0.page(try await $0.service.datasets($0.caller), of: "datasets")
        },
        Route(.post, "/datasets", .addDataset, body: .json) {
            .value(try await $0.service.addDataset($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/datasets/*/mock", .readMock) {
            .bytes(try await $0.service.mock($0.caller, dataset: $0.argument(0)))
        },
        Route(.get, "/datasets/*/lineage", .splitLineage) {
            .value(try await $0.service.lineage($0.caller, dataset: $0.argument(0)))
        },
        Route(.post, "/datasets/*/lineage", .splitLineage, body: .json) {
            .value(try await $0.service.splitLineage($0.caller, dataset: $0.argument(0), $0.read()), status: 201)
        },
        Route(.get, "/workflow", .signWorkflow) { .value(try await $0.service.workflow($0.caller)) },
        Route(.post, "/workflow", .signWorkflow, body: .json) {
            .value(try await $0.service.signWorkflow($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/policies", .listPolicies, query: paging) {
            try $0.page(try await $0.service.policies($0.caller), of: "policies")
        },
        Route(.post, "/policies", .addPolicy, body: .json) {
            .value(try await $0.service.addPolicy($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/images", .listImages, query: paging) {
            try $0.page(try await $0.service.images($0.caller), of: "images")
        },
    ]

    private static let projects: [Route] = [
        Route(.get, "/budgets", .readBudgets, query: paging.union(["project", "dataset"])) {
            try $0.page(
                try await $0.service.budgets($0.caller, project: $0.query["project"], dataset: $0.query["dataset"]),
                of: "budgets"
            )
        },
        Route(.get, "/projects", .listProjects, query: paging) {
            try $0.page(try await $0.service.projects($0.caller), of: "projects")
        },
        Route(.post, "/projects", .createProject, body: .json) {
            tagged(try await $0.service.createProject($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/projects/*", .readProject) {
            tagged(try await $0.service.project($0.caller, name: $0.argument(0)))
        },
        Route(.patch, "/projects/*", .amendProject, body: .json) {
            tagged(
                try await $0.service.amendProject($0.caller, name: $0.argument(0), $0.read(), ifMatch: $0.ifMatch)
            )
        },
        Route(.post, "/projects/*/pause", .pauseProject, body: .json) { try await move($0, to: .paused) },
        Route(.post, "/projects/*/resume", .resumeProject, body: .json) { try await move($0, to: .open) },
        Route(.post, "/projects/*/close", .closeProject, body: .json) { try await move($0, to: .closed) },
    ]

    private static func move(_ call: Call, to state: Project.State) async throws -> Answer {
        tagged(try await call.service.moveProject(call.caller, name: call.argument(0), to: state, call.read()))
    }

    private static func tagged(_ project: ProjectInfo, status: Int = 200) -> Answer {
        var answer = Answer.value(project, status: status)
        answer.headers = [("ETag", project.tag)]
        return answer
    }

    private static let plans: [Route] = [
        Route(.post, "/blobs", .uploadBlob, body: .upload) { call in
            guard let upload = call.upload else { throw GloveboxError("internal", "upload without a file") }
            return .value(try await call.service.addBlob(call.caller, upload), status: 201)
        },
        Route(.post, "/plans", .createPlan, body: .json) {
            .value(try await $0.service.createPlan($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/plans/*", .readPlan) {
            .bytes(try await $0.service.plan($0.caller, digest: $0.digest(0)))
        },
        Route(.get, "/plans/*/files/**", .readPlan) {
            .bytes(try await $0.service.planFile($0.caller, digest: $0.digest(0), path: $0.argument(1)))
        },
        Route(.post, "/approvals", .approve, body: .json) {
            .value(try await $0.service.approve($0.caller, $0.read()), status: 201)
        },
        Route(.get, "/inbox", .readInbox, query: paging) {
            try $0.page(try await $0.service.inbox($0.caller), of: "inbox")
        },
    ]

    private static let jobs: [Route] = [
        Route(.post, "/jobs", .submitJob, body: .json) {
            .value(try await $0.service.submit($0.caller, $0.read(), idempotency: $0.idempotency), status: 201)
        },
        Route(.get, "/jobs", .listJobs, query: paging.union(["phase", "project"])) { try await jobPage($0) },
        Route(.get, "/jobs/*", .readJob, query: ["wait"]) { call in
            let wait = try call.seconds("wait")
            return try await call.waiting(wait > 0) { isWaiting in
                let id = try call.argument(0)
                return .value(try await call.service.job(call.caller, id: id, wait: isWaiting ? wait : 0))
            }
        },
        Route(.post, "/jobs/*/cancel", .cancelJob, body: .json) {
            .value(try await $0.service.cancel($0.caller, id: $0.argument(0), $0.read()))
        },
        Route(.get, "/jobs/*/text", .readText) { .value(try await $0.service.text($0.caller, id: $0.argument(0))) },
        Route(.get, "/jobs/*/release", .readRelease) {
            .value(try await $0.service.release($0.caller, id: $0.argument(0)))
        },
        Route(.post, "/jobs/*/release/votes", .voteRelease, body: .json) {
            .value(try await $0.service.vote($0.caller, id: $0.argument(0), $0.read()), status: 201)
        },
        Route(.post, "/jobs/*/release/context", .answerRelease, body: .json) {
            .value(try await $0.service.answer($0.caller, id: $0.argument(0), $0.read()))
        },
        Route(.get, "/jobs/*/override", .overrideRelease) {
            .value(try await $0.service.override($0.caller, id: $0.argument(0)))
        },
        Route(.post, "/jobs/*/override", .overrideRelease, body: .json) {
            .value(try await $0.service.override($0.caller, id: $0.argument(0), $0.read()), status: 201)
        },
        Route(.get, "/jobs/*/results", .readResults) { call in
            let files = try await call.service.results(call.caller, id: call.argument(0))
            return .json(["items": .array(files.enumerated().map { Self.summary($0.offset, $0.element) })])
        },
        Route(.get, "/jobs/*/results/*", .readResults) { call in
            let files = try await call.service.results(call.caller, id: call.argument(0))
            guard let number = Int(try call.argument(1)), files.indices.contains(number) else {
                throw GloveboxError("object.not-found", "the job released no such file")
            }
            return .bytes(files[number].content)
        },
        Route(.get, "/jobs/*/events", .readEvents) { try await events($0, job: $0.argument(0)) },
        Route(.get, "/events", .readEvents) { try await events($0, job: nil) },
        Route(.get, "/jobs/*/receipt", .readReceipt) {
            .value(try await $0.service.receipt($0.caller, id: $0.argument(0)))
        },
    ]

    private static func events(_ call: Call, job: String?) async throws -> Answer {
        let account = try call.caller.account
        let limiter = call.tables.limiter
        guard limiter.begin(.stream, of: account) else { throw RateLimited(seconds: 15, limit: 8) }
        do {
            let events = try await call.service.events(call.caller, job: job, after: call.lastEvent)
            let (bytes, continuation) = AsyncStream<[UInt8]>.makeStream(bufferingPolicy: .bufferingOldest(1024))
            let task = Task {
                for await event in events { continuation.yield(event.bytes) }
                continuation.finish()
            }
            var answer = Answer(status: 200, type: "text/event-stream", bytes: [])
            answer.stream = bytes
            answer.onEnd = {
                task.cancel()
                limiter.end(.stream, of: account)
            }
            return answer
        } catch {
            limiter.end(.stream, of: account)
            throw error
        }
    }

    private static func summary(_ number: Int, _ file: NamedFile) -> JSONValue {
        ["n": .integer(Int64(number)), "path": .string(file.path), "bytes": .string(String(file.content.count))]
    }

    private static func jobPage(_ call: Call) async throws -> Answer {
        var query = JobQuery(project: call.query["project"], limit: try call.limit())
        if let name = call.query["phase"] {
            guard let phase = JobPhase(rawValue: name) else {
                throw GloveboxError("request.invalid", "there is no phase \(Display.escape(name))")
            }
            query.phase = phase
        }
        query.before = try call.position(of: "jobs")
        let page = try await call.service.jobs(call.caller, query)
        let next = try page.next.map { (position) throws(GloveboxError) in try call.cursor(position, of: "jobs") }
        return .value(ItemList(page.items, next: next))
    }

    /// A tile's path as C2SP tlog-tiles writes it; nothing else reaches the service.
    private static func tilePath(_ call: Call) throws(GloveboxError) -> String {
        let path = "tile/" + (try call.argument(0))
        let allowed = path.utf8.allSatisfy {
            (48...57).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".")
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let plain = parts.allSatisfy { part in !part.isEmpty && part.first != "." }
        guard allowed, plain, path.utf8.count <= 256 else {
            throw GloveboxError("object.not-found", "no such tile")
        }
        return path
    }
}
