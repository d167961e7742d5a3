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

@Suite struct RouteTests {
    let site = TestSite()
    let scratch: String

    init() throws { scratch = try TestPrograms.scratch() }

    private var dispatcher: Dispatcher {
        Dispatcher(
            service: site,
            authenticator: site,
            uploads: scratch,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        token: String? = nil,
        type: String? = nil,
        body: [UInt8] = [],
        length: String? = nil
    ) async -> Answer {
        var head = HTTPRequest(method: method, scheme: nil, authority: nil, path: path)
        if let token { head.headerFields[.authorization] = "Bearer \(token)" }
        if let type { head.headerFields[.contentType] = type }
        if let length { head.headerFields[.contentLength] = length }
        return await dispatcher.answer(Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body))))
    }

    private func code(_ answer: Answer) throws -> String { try Problem(encoded: answer.bytes).code }

    /// A path that fits a route.
    private func example(_ route: Route) -> String {
        let parts = route.path.split(separator: "/").map { part -> Substring in
            if part == "**" { return "0/000" }
            return part == "*:cancel"
                ? "job_x:cancel"
                : part == "*" ? (route.path.hasPrefix("/plans") ? "\(Digest.zero.named)" : "job_x") : part
        }
        return (route.api == .native ? "/glovebox/v1/" : "/ga4gh/tes/v1/") + parts.joined(separator: "/")
    }

    @Test(arguments: RouteTable.routes.indices, [nil] + Role.allCases.map { Optional($0) })
    func `lets exactly the roles of the table through`(index: Int, role: Role?) async throws {
        let route = RouteTable.routes[index]
        let type: String? =
            switch route.body {
            case .none: nil
            case .json, .any: "application/json"
            case .upload: "application/octet-stream"
            }
        let answer = await ask(route.method, example(route), token: role?.rawValue, type: type)
        let allowed = route.operation.allows(role.map { [$0] })
        if allowed {
            #expect(answer.status != 401)
            // Only the account itself may enrol its key; the example names another.
            if answer.status == 403 { #expect(route.operation == .enrollKey) }
        } else {
            #expect(answer.status == (role == nil ? 401 : 403))
            #expect(try code(answer) == (role == nil ? "auth.missing" : "auth.forbidden"))
            #expect(site.calls.isEmpty)
        }
        #expect(names(in: scratch).isEmpty)
    }

    @Test func `every operation has a route`() {
        #expect(Set(RouteTable.routes.map(\.operation)) == Set(Operation.allCases))
    }

    @Test(arguments: [
        "", "/", "/glovebox/v1", "/glovebox/v1/", "/glovebox/v2/healthz", "/glovebox/v1/healthz/",
        "/glovebox/v1//healthz", "/glovebox/v1/jobs/job_x/cancel/x", "/glovebox/v1/plans/\(Digest.zero.named)/files",
    ])
    func `knows no other path`(path: String) async throws {
        let answer = await ask(.get, path)
        #expect(answer.status == 404)
        #expect(try code(answer) == "object.not-found")
    }

    @Test func `refuses another method, media type, query, segment and a broken body`() async throws {
        let base = "/glovebox/v1"
        #expect(await ask(.delete, base + "/jobs", token: "auditor").status == 405)
        #expect(await ask(.post, base + "/policies", token: "owner", type: "text/plain").status == 415)
        #expect(await ask(.get, base + "/jobs/job_x?wait=31", token: "auditor").status == 400)
        #expect(await ask(.get, base + "/jobs/job_x?wait=1&wait=2", token: "auditor").status == 400)
        #expect(await ask(.get, base + "/jobs/job_x?x=1", token: "auditor").status == 400)
        #expect(await ask(.get, base + "/log/entries?from=07", token: "auditor").status == 400)
        #expect(await ask(.get, base + "/log/entries?from=-1", token: "auditor").status == 400)
        #expect(await ask(.get, base + "/jobs/%2e%2e", token: "auditor").status == 400)
        #expect(await ask(.get, base + "/healthz?x=1").status == 400)
        for body in ["{", "[]", "{\"document\":\"a\",\"document\":\"b\"}", "{\"document\":\"a\",\"x\":1}", "{} {}"] {
            let answer = await ask(
                .post,
                base + "/policies",
                token: "owner",
                type: "application/json",
                body: Array(body.utf8)
            )
            #expect(answer.status == 400, "\(body)")
        }
        #expect(site.calls.isEmpty)
    }

    @Test func `passes what fits to the service`() async throws {
        let base = "/glovebox/v1"
        let body = AddPolicyRequest(document: "kind: x").encoded
        let type = "application/json; charset=utf-8"
        #expect(await ask(.post, base + "/policies", token: "owner", type: type, body: body).status == 201)
        #expect(await ask(.get, base + "/jobs/job_x?wait=7", token: "researcher").status == 200)
        #expect(await ask(.get, base + "/log/tile/0/x001/067.p/8").status == 200)
        #expect(site.calls == ["policy kind: x", "job job_x 7", "tile tile/0/x001/067.p/8"])
        let file = await ask(
            .get,
            base + "/plans/\(Digest.zero.named)/files/%C3%BC/a%20b",
            token: "reviewer"
        )
        #expect(String(decoding: file.bytes, as: UTF8.self) == "ü/a b")
        #expect(await ask(.get, base + "/log/tile/..%2f..%2fjournal").status == 400)
        #expect(await ask(.get, base + "/log/tile/0/.p").status == 404)
    }

    @Test func `the service is told whence a request came`() async throws {
        #expect(await ask(.get, "/glovebox/v1/jobs/job_x", token: "auditor").status == 200)
        #expect(site.provenances.withLock { $0 } == [Provenance(source: "socket", method: "token")])
    }

    @Test func `limits bodies and uploads and leaves no file behind`() async throws {
        let base = "/glovebox/v1"
        let json = "application/json"
        let large = [UInt8](repeating: 32, count: Dispatcher.bodyLimit + 1)
        #expect(await ask(.post, base + "/policies", token: "owner", type: json, body: large).status == 413)
        let announced = await ask(.post, base + "/policies", token: "owner", type: json, length: "8388609")
        #expect(announced.status == 413)
        let octets = "application/octet-stream"
        let upload = await ask(.post, base + "/blobs", token: "researcher", type: octets, body: [1, 2, 3])
        #expect(upload.status == 201)
        #expect(site.calls.count == 1 && site.calls[0].hasSuffix(" 3"))
        let tooLong = await ask(.post, base + "/blobs", token: "researcher", type: octets, length: "268435457")
        #expect(tooLong.status == 413)
        #expect(try code(tooLong) == "upload.too-large")
        let cut = await ask(.post, base + "/blobs", token: "researcher", type: octets, body: [1], length: "2")
        #expect(cut.status == 400)
        #expect(names(in: scratch).isEmpty)
    }

    @Test func `tells a caller nothing about a fault of the site`() async throws {
        let body = AddDatasetRequest(name: "fair", schema: "", inputPolicy: "", privatePath: "/a").encoded
        let answer = await ask(
            .post,
            "/glovebox/v1/datasets",
            token: "owner",
            type: "application/json",
            body: body
        )
        #expect(answer.status == 500 && answer.type == "application/problem+json")
        #expect(!String(decoding: answer.bytes, as: UTF8.self).contains("secret"))
        #expect(try Problem(encoded: answer.bytes).instance?.hasPrefix("req_") == true)
    }
}
