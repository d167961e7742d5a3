import GloveboxAPI
import GloveboxCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import TestSupport
import Testing

@testable import GloveboxServer

/// What browsers and caches are told.
@Suite struct BrowserTests {
    private let base = "/glovebox/v1"

    private func ask(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ fields: [(String, String)],
        origins: [String] = []
    ) async throws -> Answer {
        var settings = ServerSettings()
        settings.origins = origins
        let site = TestSite()
        let dispatcher = Dispatcher(
            service: site,
            authenticator: site,
            uploads: try TestPrograms.scratch(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            settings: settings
        )
        var head = HTTPRequest(method: method, scheme: nil, authority: nil, path: path)
        for (name, value) in fields { head.headerFields[try #require(HTTPField.Name(name))] = value }
        return await dispatcher.answer(Request(head: head, body: RequestBody(buffer: ByteBuffer())))
    }

    private func field(_ name: String, _ answer: Answer) -> String? { answer.headers.first { $0.name == name }?.value }

    @Test func `what a caller has already is not sent again`() async throws {
        let login = ("Authorization", "Bearer researcher")
        let first = try await ask(.get, base + "/jobs/job_x", [login])
        let tag = try #require(field("ETag", first))
        #expect(first.status == 200 && !first.bytes.isEmpty && tag.count == 66)
        for known in [tag, "W/" + tag, "\"x\", \(tag)", "*"] {
            let again = try await ask(.get, base + "/jobs/job_x", [login, ("If-None-Match", known)])
            #expect(again.status == 304 && again.bytes.isEmpty && again.type.isEmpty, "\(known)")
            #expect(field("ETag", again) == tag)
        }
        for other in ["\"x\"", String(tag.dropFirst()), ""] {
            let changed = try await ask(.get, base + "/jobs/job_x", [login, ("If-None-Match", other)])
            #expect(changed.status == 200 && changed.bytes == first.bytes, "\(other)")
        }
        // A login is needed all the same, and a refusal has no tag.
        let stranger = try await ask(.get, base + "/jobs/job_x", [("If-None-Match", tag)])
        #expect(stranger.status == 401 && field("ETag", stranger) == nil)
    }

    @Test func `pages of other sites are let in by name alone`() async throws {
        let portal = "https://portal.example"
        let asking = [("Origin", portal), ("Access-Control-Request-Method", "POST")]
        for origins in [[], ["https://portal.example:8443"], ["https://portal"]] {
            let answer = try await ask(.options, base + "/jobs", asking, origins: origins)
            #expect(answer.status == 405 && field("Access-Control-Allow-Origin", answer) == nil)
            let read = try await ask(.get, base + "/healthz", [("Origin", portal)], origins: origins)
            #expect(read.status == 200 && field("Access-Control-Allow-Origin", read) == nil)
        }
        let first = try await ask(.options, base + "/jobs", asking, origins: [portal])
        #expect(first.status == 204 && field("Access-Control-Allow-Origin", first) == portal)
        #expect(field("Access-Control-Allow-Methods", first)?.contains("POST") == true)
        #expect(field("Access-Control-Allow-Headers", first)?.contains("Authorization") == true)
        #expect(field("Access-Control-Allow-Credentials", first) == nil)
        for fields in [[("Origin", portal)], [("Origin", portal), ("Authorization", "Bearer none")]] {
            let answer = try await ask(.get, base + "/whoami", fields, origins: [portal])
            #expect(answer.status == 401 && field("Access-Control-Allow-Origin", answer) == portal)
            #expect(field("Vary", answer) == "Origin")
        }
        let other = try await ask(.get, base + "/healthz", [("Origin", "https://evil.example")], origins: [portal])
        #expect(field("Access-Control-Allow-Origin", other) == nil)
        let unasked = try await ask(.get, base + "/healthz", [], origins: [portal])
        #expect(field("Access-Control-Allow-Origin", unasked) == nil)
    }
}
