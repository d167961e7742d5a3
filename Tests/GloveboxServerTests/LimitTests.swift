import Foundation
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import GloveboxServer

extension GloveboxJobs.Operation {
    /// Whether the answer is a file's bytes.
    fileprivate var hasBytes: Bool { [.readMock, .readPlan, .readResults].contains(self) }
}

/// What the server remembers between requests: rates, idempotency keys, cursors, scopes.
@Suite struct LimitTests {
    let site = TestSite()
    let scratch: String

    init() throws { scratch = try TestPrograms.scratch() }

    private func dispatcher(_ change: (inout ServerSettings) -> Void = { _ in }) -> Dispatcher {
        var settings = ServerSettings()
        change(&settings)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return Dispatcher(service: site, authenticator: site, uploads: scratch, logger: logger, settings: settings)
    }

    private func request(
        _ method: HTTPRequest.Method,
        _ path: String,
        token: String? = "researcher",
        key: String? = nil,
        type: String = "application/json",
        lastEvent: String? = nil,
        body: [UInt8] = []
    ) -> Request {
        var head = HTTPRequest(method: method, scheme: nil, authority: nil, path: path)
        if let token { head.headerFields[.authorization] = "Bearer \(token)" }
        head.headerFields[.contentType] = type
        if let lastEvent, let name = HTTPField.Name("Last-Event-ID") { head.headerFields[name] = lastEvent }
        if let key, let name = HTTPField.Name("Idempotency-Key") { head.headerFields[name] = key }
        return Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
    }

    private static let job = SubmitJobRequest(planDigest: .zero, envelope: "{}").encoded
    private static let jobs = "/glovebox/v1/jobs"

    private func code(_ answer: Answer) throws -> String { try Problem(encoded: answer.bytes).code }

    @Test func `a key sent 50 times in parallel makes one job`() async throws {
        let dispatcher = dispatcher { $0.rates.writes = RateLimits.Rate(perSecond: 100, burst: 100) }
        let answers = await withTaskGroup(of: Answer.self) { group in
            for _ in 0..<50 {
                group.addTask { await dispatcher.answer(request(.post, Self.jobs, key: "k", body: Self.job)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(site.calls == ["submit"])
        for answer in answers where answer.status != 201 { #expect(try code(answer) == "idempotency.running") }
        let replay = await dispatcher.answer(request(.post, Self.jobs, key: "k", body: Self.job))
        #expect(replay.status == 201 && replay.headers.contains { $0 == ("Idempotent-Replay", "true") })
        #expect(replay.bytes == answers.first { $0.status == 201 }?.bytes)
    }

    @Test func `a key with another body is refused, another account's and another route's is another key`() async throws
    {
        let dispatcher = dispatcher()
        #expect(await dispatcher.answer(request(.post, Self.jobs, key: "k", body: Self.job)).status == 201)
        let other = SubmitJobRequest(planDigest: .zero, envelope: "[]").encoded
        let refused = await dispatcher.answer(request(.post, Self.jobs, key: "k", body: other))
        #expect(refused.status == 422)
        #expect(try code(refused) == "idempotency.reused")
        let cancel = await dispatcher.answer(
            request(.post, Self.jobs + "/job_x/cancel", key: "k", body: Array("{}".utf8))
        )
        #expect(cancel.status == 200)
        for bad in ["", " ", String(repeating: "k", count: 129)] {
            let answer = await dispatcher.answer(request(.post, Self.jobs, key: bad, body: Self.job))
            #expect(answer.status == 400, "'\(bad)'")
        }
    }

    @Test func `a request that failed may be tried again under its key, and a secret is not shown twice`() async throws
    {
        let dispatcher = dispatcher()
        let bad = await dispatcher.answer(request(.post, Self.jobs, key: "k", body: Array("{".utf8)))
        #expect(bad.status == 400)
        #expect(await dispatcher.answer(request(.post, Self.jobs, key: "k", body: Self.job)).status == 201)
        let body = CreateTokenRequest(scopes: [.jobRead]).encoded
        for _ in 0..<2 {
            let answer = await dispatcher.answer(request(.post, "/glovebox/v1/tokens", key: "t", body: body))
            #expect(answer.status == 201 && !answer.headers.contains { $0.name == "Idempotent-Replay" })
        }
        #expect(site.calls == ["submit", "token", "token"])
    }

    @Test func `an account that asks too much is told when to come again, and others are not held up`() async throws {
        let dispatcher = dispatcher { $0.rates.reads = RateLimits.Rate(perSecond: 1, burst: 5) }
        for _ in 0..<5 { #expect(await dispatcher.answer(request(.get, Self.jobs)).status == 200) }
        let refused = await dispatcher.answer(request(.get, Self.jobs))
        #expect(refused.status == 429)
        #expect(try code(refused) == "rate.limited")
        #expect(refused.headers.contains { $0.name == "Retry-After" && (Int($0.value) ?? 0) >= 1 })
        #expect(refused.headers.contains { $0.name == "RateLimit" })
        #expect(await dispatcher.answer(request(.get, Self.jobs, token: "auditor")).status == 200)
        #expect(await dispatcher.answer(request(.post, Self.jobs, body: Self.job)).status == 201)
    }

    @Test func `a source that fails to log in five times is refused, with a right token too`() async throws {
        let dispatcher = dispatcher()
        for _ in 0..<5 {
            let answer = await dispatcher.answer(request(.get, Self.jobs, token: "wrong"), from: "192.0.2.1")
            #expect(answer.status == 401)
        }
        let refused = await dispatcher.answer(request(.get, Self.jobs), from: "192.0.2.1")
        #expect(refused.status == 429)
        #expect(await dispatcher.answer(request(.get, Self.jobs), from: "192.0.2.2").status == 200)
        #expect(await dispatcher.answer(request(.get, Self.jobs)).status == 200)
    }

    @Test func `a limiter gives back what time gives`() throws {
        let now = Mutex(0.0)
        var limits = RateLimits()
        limits.reads = RateLimits.Rate(perSecond: 2, burst: 2)
        limits.waits = 1
        limits.allWaits = 2
        let limiter = RateLimiter(limits) { now.withLock { $0 } }
        for _ in 0..<2 { try limiter.take("a", isRead: true) }
        #expect(throws: RateLimited.self) { try limiter.take("a", isRead: true) }
        now.withLock { $0 = 0.5 }
        try limiter.take("a", isRead: true)
        #expect(throws: RateLimited.self) { try limiter.take("a", isRead: true) }
        #expect(limiter.begin(.wait, of: "a") && !limiter.begin(.wait, of: "a"))
        #expect(limiter.begin(.wait, of: "b") && !limiter.begin(.wait, of: "c"))
        limiter.end(.wait, of: "a")
        #expect(limiter.begin(.wait, of: "c"))
    }

    @Test func `lists come in pages whose cursors are good for their list and caller alone`() async throws {
        let dispatcher = dispatcher()
        var items = 0
        var path = Self.jobs + "?limit=3"
        var cursors: [String] = []
        while true {
            let answer = await dispatcher.answer(request(.get, path))
            #expect(answer.status == 200)
            let page = try JSONReader.read(answer.bytes)
            items += page["items"]?.array?.count ?? 0
            guard let next = page["next"]?.string else { break }
            cursors.append(next)
            path = Self.jobs + "?limit=3&cursor=" + next
        }
        #expect(items == 7 && cursors.count == 2)
        let cursor = try #require(cursors.first)
        for (path, token) in [
            (Self.jobs + "?cursor=\(cursor)", "auditor"), (Self.jobs + "?phase=queued&cursor=\(cursor)", "researcher"),
            ("/glovebox/v1/tokens?cursor=\(cursor)", "researcher"), (Self.jobs + "?cursor=\(cursor)A", "researcher"),
            (Self.jobs + "?cursor=x", "researcher"), (Self.jobs + "?limit=0", "researcher"),
            (Self.jobs + "?limit=501", "researcher"), (Self.jobs + "?phase=nope", "researcher"),
        ] {
            let answer = await dispatcher.answer(request(.get, path, token: token))
            #expect(answer.status == 400, "\(path)")
        }
        let tokens = await dispatcher.answer(request(.get, "/ga4gh/tes/v1/tasks?page_size=1"))
        let next = try #require(try JSONReader.read(tokens.bytes)["next_page_token"]?.string)
        #expect(await dispatcher.answer(request(.get, "/v1/tasks?page_token=\(next)")).status == 200)
        #expect(await dispatcher.answer(request(.get, "/v1/tasks?state=RUNNING&page_token=\(next)")).status == 400)
    }

    @Test(arguments: Operation.allCases.filter { $0.scope != nil }, Scope.allCases)
    func `a token is good for its scopes alone`(operation: GloveboxJobs.Operation, scope: Scope) async throws {
        let route = try #require(RouteTable.routes.first { $0.operation == operation })
        let role = try #require(Role.allCases.first { operation.allows([$0]) })
        let parts = route.path.split(separator: "/").map { part -> Substring in
            if part == "**" { return "0/000" }
            if part == "*:cancel" { return "job_x:cancel" }
            return part == "*" ? (route.path.hasPrefix("/plans") ? "\(Digest.zero.named)" : "job_x") : part
        }
        let base = route.api == .native ? "/glovebox/v1/" : "/v1/"
        let asked = request(
            route.method,
            base + parts.joined(separator: "/"),
            token: "\(role.rawValue)/\(scope.rawValue)",
            type: route.body == .upload ? "application/octet-stream" : "application/json"
        )
        let answer = await dispatcher().answer(asked)
        if operation.scope == scope {
            #expect(answer.status != 401)
            if answer.status == 403 { #expect(operation == .enrollKey) }
        } else {
            #expect(answer.status == 403)
            #expect(try code(answer) == "auth.forbidden")
            #expect(site.calls.isEmpty)
        }
        #expect(names(in: scratch).isEmpty)
    }

    @Test func `the description in docs is the server's own`() throws {
        let path = TestPrograms.repository + "/docs/openapi.json"
        let kept = try JSONReader.read(Array(try String(contentsOfFile: path, encoding: .utf8).utf8))
        let isSame = kept == OpenAPI.document
        #expect(isSame, "GET /glovebox/v1/openapi.json gives the one to put there")
        #expect(RouteTable.routes.allSatisfy { OpenAPISchemas.answers[$0.operation] != nil || $0.operation.hasBytes })
    }

    /// Requests that have every member they can have.
    private static let requests: [(String, any APIValue)] = [
        ("Export", ExportRequest(job: "job_x", withBodies: true)),
        ("Redaction", RedactionRequest(entry: 7, reason: "r")),
        ("Answer", ReleaseAnswer(message: "m", notes: [.init(path: "p", text: "t")], drop: ["f"])),
        ("Reason", SiteStateRequest(reason: "r")), ("AccountRequest", CreateAccountRequest(name: "a", roles: [.owner])),
        ("TokenRequest", CreateTokenRequest(scopes: [.jobRead], certificate: .zero, networks: ["::/0"])),
        ("NodeRequest", EnrollNodeRequest(request: "r", days: 7)),
        ("CertificateRequest", EnrollCertificateRequest(account: "acc_x", spki: [1, 2], proof: [3])),
        (
            "KeyRequest",
            EnrollKeyRequest(publicKey: [UInt8](repeating: 1, count: 32), proof: [UInt8](repeating: 2, count: 64))
        ),
        ("DatasetRequest", AddDatasetRequest(name: "d", schema: "s", inputPolicy: "i", privatePath: "/p")),
        (
            "PolicyRequest",
            AddPolicyRequest(document: "kind: x", place: .init(below: "p", level: .project, subject: "flu"))
        ),
        (
            "PlanRequest",
            CreatePlanRequest(
                project: "p",
                code: .zero,
                image: "i",
                argv: ["a"],
                dataset: "d",
                join: "e",
                outputPolicy: "o",
                tighten: ["kind: x"],
                needsFullIsolation: true,
                deterministic: RequestedDeterminism(seed: 1, clock: Instant(seconds: 1))
            )
        ),
        ("Cancel", CancelRequest(reason: "no")),
    ]

    @Test(arguments: requests.indices)
    func `a request has the members that the description says, and no other`(index: Int) throws {
        let (name, request) = Self.requests[index]
        let schema = try #require(OpenAPISchemas.all.first { $0.0 == name }?.1)
        let described = try #require(schema["properties"]?.object).members
        let members = try #require(request.json.object).members
        #expect(Set(members.map(\.name)) == Set(described.map(\.name)))
        for member in described {
            guard let inner = member.value["properties"]?.object, let value = request.json[member.name] else {
                continue
            }
            #expect(Set(value.object?.members.map(\.name) ?? []) == Set(inner.members.map(\.name)))
        }
    }

    @Test(arguments: [
        ("Bearer abc", "abc"), ("bearer abc", "abc"), ("Basic dXNlcjpwYXNz", "pass"), ("basic OnRva2Vu", "token"),
        ("Basic x", nil), ("Basic dXNlcg==", nil), ("Digest abc", nil), ("abc", nil), ("", nil),
    ])
    func `reads a token from either form of login`(header: String, token: String?) {
        #expect(Credentials.token(header) == token)
    }

    @Test func `an event stream tells events, resumes, and gives its place back`() async throws {
        let dispatcher = dispatcher { $0.rates.streams = 1 }
        let asked = request(.get, Self.jobs + "/job_x/events", lastEvent: "5-0-2")
        let answer = await dispatcher.answer(asked)
        #expect(answer.status == 200 && answer.type == "text/event-stream")
        #expect(await dispatcher.answer(request(.get, "/glovebox/v1/events")).status == 429)
        var text: [UInt8] = []
        for await piece in try #require(answer.stream) { text += piece }
        let expected = "id: 7-0-1\nevent: phase\ndata: {\"phase\":\"queued\"}\n\n: ping\n\n"
        #expect(String(decoding: text, as: UTF8.self) == expected)
        answer.onEnd?()
        let again = await dispatcher.answer(request(.get, "/glovebox/v1/events"))
        #expect(again.status == 200)
        again.onEnd?()
        #expect(site.calls == ["events job_x 5-0-2", "events all start"])
    }
}
