import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import Testing

private let now = Instant(seconds: 1_795_536_600)
private let one = Digest.zero

private let project: Project = {
    do {
        var quota = ProjectQuota()
        (quota.runs, quota.releasedBytes, quota.rho, quota.queued) = (3, 4, "0.5", 9)
        return try Project(
            name: "flu",
            title: "t",
            proposal: Project.Proposal(purpose: "p", code: "c-1", variables: ["age"], outputs: ["o"]),
            members: ["acc_x": [.researcher, .reviewer]],
            datasets: ["fair"],
            planQuorum: 2,
            starts: now,
            ends: now.adding(seconds: 1),
            quota: quota
        )
    } catch { fatalError("\(error)") }
}()

private let amendment: AmendProjectRequest = {
    var request = AmendProjectRequest()
    (request.title, request.ends, request.planQuorum) = ("t", now, 3)
    (request.addMembers, request.removeMembers) = (["acc_x": [.reviewer]], ["ann"])
    (request.addDatasets, request.removeDatasets) = (["fair"], ["other"])
    (request.proposal, request.quota) = (project.proposal, project.quota)
    return request
}()

@Suite struct RoundTripTests {
    static let values: [any APIValue] = [
        CreateAccountRequest(name: "ann", roles: [.reviewer, .owner]),
        CreatedAccount(account: "acc_x", token: "gbx_1_2"),
        CreateWebhookRequest(url: "https://r.example/x", events: [.jobPhase, .logAlert]),
        WebhookInfo(id: "whk_x", account: "a", url: "u", events: [.jobPhase], created: now, state: .active),
        CreatedWebhook(
            secret: "gbw_1",
            info: WebhookInfo(
                id: "whk_x",
                account: "a",
                url: "u",
                events: [.releaseReady],
                created: now,
                state: .disabled,
                failingSince: now
            )
        ),
        EnrollNodeRequest(request: "r", days: 7), EnrollNodeRequest(request: "r"),
        EnrolledNode(
            chain: "c",
            root: "r",
            authority: "s",
            info: NodeInfo(
                name: "a",
                key: one,
                state: .draining,
                enrolledBy: "acc_x",
                enrolled: now,
                expires: now,
                reason: "r",
                connectedSince: now,
                jobs: ["job_x"],
                lacks: ["landlock"]
            )
        ),
        NodeInfo(name: "a", key: one, state: .expired, enrolledBy: "acc_x", enrolled: now, expires: now),
        WebhookTrial(delivered: true, status: 204), WebhookTrial(delivered: false, code: "webhook.timeout"),
        EnrollKeyRequest(publicKey: [UInt8](repeating: 1, count: 32), proof: [UInt8](repeating: 2, count: 64)),
        EnrolledKey(keyid: "ab"), WhoAmI(account: "acc_x", name: "ann", roles: [.owner], keys: ["k"], site: "s"),
        AddDatasetRequest(name: "fair", schema: "a: 1", inputPolicy: "b: 2", privatePath: "/srv/fair.csv"),
        DatasetSummary(
            name: "fair",
            version: 1,
            owner: "acc_x",
            description: "d",
            privacyUnit: "row",
            columns: ["age"],
            mockDigest: one,
            mockBytes: 9,
            inputPolicy: one
        ),
        ExportRequest(job: "job_x", withBodies: false), ExportRequest(), ExportStart(index: 4, size: 5),
        ItemList([LogBody(json: ["index": "3"])], next: "4"), AddPolicyRequest(document: "kind: x"),
        AddPolicyRequest(document: "kind: x", place: .init(below: "p", level: .project, subject: "flu")),
        CollectionRequest(isDry: true), CollectionReport([CollectedItem(.upload, "a", bytes: 7)], hasMore: true),
        CreateProjectRequest(project), amendment,
        ProjectInfo(project, names: ["acc_x": "ann"], reviewers: 1, revision: 9, used: ProjectInfo.Used()),
        PolicySummary(name: "p", version: 2, kind: "output", digest: one),
        ImageSummary(name: "python", aliases: ["py"], digest: one, bytes: 1, format: "erofs"),
        BlobReceipt(narSha256: one, gitTreeSha256: one, dirHash: one, files: 2, size: 812),
        CreatePlanRequest(
            code: one,
            image: "python",
            argv: ["python3", "main.py"],
            env: ["LANG": "C.UTF-8"],
            dataset: "fair",
            outputPolicy: "aggregate-table",
            tighten: ["kind: x"],
            limits: RequestedLimits(wallSeconds: 5, memoryBytes: 268_435_456),
            needsFullIsolation: true,
            deterministic: RequestedDeterminism(seed: .max, clock: Instant(seconds: 1_577_836_800)),
            purpose: "ünder"
        ),
        CreatedPlan(planDigest: one, coreDigest: one, manifest: [1, 2, 3], warnings: ["w"]),
        SubmitJobRequest(planDigest: one, envelope: "{}", nonce: [UInt8](repeating: 7, count: 32)),
        SubmitJobRequest(planDigest: one, envelope: "{}"), CancelRequest(reason: "no"),
        JobInfo(
            id: "job_x",
            phase: .awaitingApproval,
            since: now,
            waiting: Waiting(.approvalQuorum, since: now, on: [.role(.reviewer, need: 1, have: 0)]),
            message: "m",
            planDigest: one,
            coreDigest: one,
            submitter: "acc_x",
            dataset: "fair",
            mode: .real,
            created: now,
            runs: [RunInfo(number: 1, executor: "local", started: now, ended: nil, exit: .limit(.wall))],
            reasons: ["r"],
            denied: ["no network"],
            receiptURL: "/x"
        ),
        ApprovalRequest(envelope: "{}"),
        ApprovalReceipt(approval: one, quorum: QuorumInfo(need: 2, have: 1), logIndex: 12),
        InboxItem(
            job: "job_x",
            planDigest: one,
            coreDigest: one,
            submitter: "acc_x",
            project: "flu",
            dataset: "fair",
            argv: ["a"],
            purpose: "p",
            since: now,
            quorum: QuorumInfo(need: 1, have: 0)
        ),
        InboxItem(
            job: "job_x",
            planDigest: one,
            coreDigest: one,
            submitter: "acc_x",
            project: "flu",
            dataset: "fair",
            argv: [],
            purpose: "",
            release: one,
            since: now,
            quorum: QuorumInfo(need: 2, have: 1)
        ),
        RunText(job: "job_x", programs: [RunText.Program(out: [1], error: [0, 255], outBytes: .max, errorBytes: 2)]),
        ReleaseReview(
            job: "job_x",
            bundle: one,
            policy: one,
            evidence: one,
            files: [NamedFile(path: "t.csv", content: [1])],
            quorum: QuorumInfo(need: 2, have: 2),
            verdicts: [ReleaseReview.Verdict(reviewer: "acc_r", verdict: "approve", reason: "r")],
            earlier: ReleaseReview.Earlier(job: "job_w", files: [NamedFile(path: "t.csv", content: [2])])
        ),
        NamedFiles([NamedFile(path: "approvals/0.dsse.json", content: [0, 255])]), SiteStateRequest(reason: "fire"),
        SiteState(paused: true),
        RedactionRequest(entry: 7, reason: "gdpr-17"), LineageSplitRequest(envelope: "{}"),
        OverrideRequest(envelope: "{}"),
        OverrideInfo(
            job: "job_1",
            evidence: one,
            explanation: "differencing: 1 differs by 3 units",
            near: [OverrideInfo.Near(release: "job_0", difference: 3)],
            reason: "the three are known",
            quorum: QuorumInfo(need: 2, have: 1)
        ),
        LineageInfo(
            dataset: "d",
            commitment: one,
            lineage: "lin_1",
            others: ["e"],
            reason: "two sites",
            quorum: QuorumInfo(need: 2, have: 1)
        ),
        RedactionState(entry: 7, quorum: QuorumInfo(need: 2, have: 1)),
        Health(site: "s", version: "1", state: SiteState(paused: false), assurance: "emulated", insecure: ["x"]),
        ItemList([EnrolledKey(keyid: "1")], next: "c"), Empty(),
        Problem(GloveboxError("job.phase", "m"), instance: "r"),
    ]

    @Test(arguments: values.indices) func `comes back as it went out, and only so`(index: Int) throws {
        try roundTrip(Self.values[index])
    }

    private func roundTrip<Value: APIValue>(_ value: Value) throws {
        #expect(try Value(encoded: value.encoded) == value)
        var object = try #require(value.json.object)
        for name in object.names {
            var less = object
            less[name] = ["unexpected": true]
            if name != "errors", name != "title", name != "type" {
                #expect(throws: GloveboxError.self) { try Value(json: .object(less)) }
            }
        }
        object["surplus"] = true
        #expect(throws: GloveboxError("schema.unknown-field", "")) { try Value(json: .object(object)) }
        #expect(throws: GloveboxError.self) { try Value(json: []) }
    }

    @Test(arguments: [
        "", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".ssh/x", "a/.b", "a\\b", "a b", "ä", "a\u{0}",
    ])
    func `refuses a file that would not stay in its directory`(path: String) {
        #expect(!NamedFile.isSafe(path))
        let json: JSONValue = ["files": [["path": .string(path), "content": ""]]]
        #expect(throws: GloveboxError("path.invalid", "")) { try NamedFiles(json: json) }
    }

    @Test func `refuses two files with one path`() {
        let file = NamedFile(path: "a", content: [])
        #expect(throws: GloveboxError("path.invalid", "")) { try NamedFiles(json: NamedFiles([file, file]).json) }
    }

    @Test(arguments: ["fair.csv", "srv/fair.csv", "/srv/../etc/shadow", "/srv\u{0}x", ""])
    func `refuses a private path that is not plain and absolute`(path: String) {
        let request = AddDatasetRequest(name: "fair", schema: "", inputPolicy: "", privatePath: path)
        #expect(throws: GloveboxError("path.invalid", "")) { try AddDatasetRequest(json: request.json) }
    }

    @Test func `refuses commands and variables that no process could have`() {
        func plan(_ argv: [String], _ env: [String: String] = [:]) -> JSONValue {
            CreatePlanRequest(code: one, image: "i", argv: argv, env: env, dataset: "d", outputPolicy: "o").json
        }
        for bad in [plan([]), plan([""]), plan(["a\u{0}"]), plan(["a"], ["A=B": ""]), plan(["a"], ["": ""])] {
            #expect(throws: GloveboxError("request.invalid", "")) { try CreatePlanRequest(json: bad) }
        }
    }

    @Test func `isolation is full, or not demanded`() throws {
        let plan = CreatePlanRequest(code: one, image: "i", argv: ["a"], dataset: "d", outputPolicy: "o")
        var json = try #require(plan.json.object)
        #expect(json["isolation"] == nil && !plan.needsFullIsolation)
        json["isolation"] = "full"
        #expect(try CreatePlanRequest(json: .object(json)).needsFullIsolation)
        for bad in ["half", "", true, .null, ["full"]] as [JSONValue] {
            json["isolation"] = bad
            #expect(throws: GloveboxError("request.invalid", "")) { try CreatePlanRequest(json: .object(json)) }
        }
    }

    @Test func `an operator is told of a certificate that ends within a fortnight`() {
        func notice(_ days: Int64, _ state: NodeInfo.State = .enrolled) -> String? {
            let end = now.adding(seconds: days * 86400)
            return NodeInfo(name: "a", key: one, state: state, enrolledBy: "o", enrolled: now, expires: end)
                .notice(at: now)
        }
        #expect(notice(14) == nil && notice(90) == nil && notice(3, .removed) == nil)
        #expect(notice(13) == "the certificate of a ends in 13 d")
        #expect(notice(0, .expired) == "the certificate of a has ended")
        #expect(notice(1, .draining) == "the certificate of a ends in 24 h")
    }
}
