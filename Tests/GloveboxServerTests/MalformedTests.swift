import Foundation
import GloveboxAPI
import GloveboxCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import TestSupport
import Testing

@testable import GloveboxServer

/// Requests that are wrong in one way each, and the code that says so.
@Suite struct MalformedTests {
    /// One request.
    struct Case: CustomStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        let token: String?
        let body: String
        let code: String

        init(_ row: JSONValue) throws {
            let parts = try #require(row.array)
            try #require(parts.count == 5)
            method = try #require(HTTPRequest.Method(parts[0].string ?? ""))
            path = try #require(parts[1].string)
            token = parts[2].string
            body = try #require(parts[3].string)
            code = try #require(parts[4].string)
        }

        var description: String { "\(method) \(path) \(body)" }
    }

    /// The rows `[method, path, token or null, body, code]` of the table.
    private static func table() throws -> [Case] {
        let path = TestPrograms.repository + "/Tests/Vectors/api/malformed.json"
        let bytes = Array(try Data(contentsOf: URL(filePath: path)))
        let rows = try JSONReader.read(bytes).array ?? []
        return try rows.map { try Case($0) }
    }

    @Test func `each malformed request has its code and reaches no site`() async throws {
        let rows = try Self.table()
        #expect(rows.count >= 100)
        for row in rows { try await check(row) }
    }

    private func check(_ row: Case) async throws {
        let site = TestSite()
        let scratch = try TestPrograms.scratch()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let dispatcher = Dispatcher(service: site, authenticator: site, uploads: scratch, logger: logger)
        var head = HTTPRequest(method: row.method, scheme: nil, authority: nil, path: row.path)
        if let token = row.token { head.headerFields[.authorization] = "Bearer \(token)" }
        if !row.body.isEmpty { head.headerFields[.contentType] = "application/json" }
        let body = RequestBody(buffer: ByteBuffer(string: row.body))
        let answer = await dispatcher.answer(Request(head: head, body: body))
        let problem = try Problem(encoded: answer.bytes)
        #expect(problem.code == row.code, "\(row): \(problem.detail)")
        #expect((400..<500).contains(answer.status) && answer.status == problem.status)
        #expect(answer.type == "application/problem+json" && !problem.detail.isEmpty)
        #expect(site.calls.isEmpty && names(in: scratch).isEmpty)
    }
}
