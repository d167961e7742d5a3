import GloveboxAPI
import GloveboxCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import GloveboxServer

/// A public site of three files.
private final class Files: PublicSite {
    static let tile = (0..<100).map { UInt8($0) }
    let bodies = Mutex<[[UInt8]]>([])

    func file(_ path: String) async throws(GloveboxError) -> PublicFile? {
        switch path {
        case "checkpoint": PublicFile(bytes: Array("note\n".utf8), digest: .zero, isImmutable: false)
        case "tile/0/000": PublicFile(bytes: Self.tile, digest: .zero, isImmutable: true)
        case "broken": throw GloveboxError("store.io", "/secret/path")
        default: nil
        }
    }

    func addCheckpoint(_ body: [UInt8]) async throws(GloveboxError) -> WitnessAnswer {
        bodies.withLock { $0.append(body) }
        return WitnessAnswer(status: 409, type: "text/x.tlog.size", body: Array("7\n".utf8))
    }
}

@Suite struct PublicServerTests {
    private let files = Files()

    private func ask(
        _ path: String,
        _ method: HTTPRequest.Method = .get,
        _ headers: HTTPFields = [:],
        body: [UInt8] = []
    ) async throws -> (status: Int, headers: HTTPFields, body: [UInt8]) {
        let head = HTTPRequest(method: method, scheme: nil, authority: nil, path: path, headerFields: headers)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let response = await PublicResponder(site: files, logger: logger).answer(request)
        let collector = Collector()
        try await response.body.write(collector)
        return (response.status.code, response.headers, collector.bytes.withLock { $0 })
    }

    private final class Collector: ResponseBodyWriter, Sendable {
        let bytes = Mutex<[UInt8]>([])
        func write(_ buffer: ByteBuffer) async throws { bytes.withLock { $0 += buffer.readableBytesView } }
        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    @Test func `serves the checkpoint for seconds and tiles for good`() async throws {
        let checkpoint = try await ask("/checkpoint")
        #expect(checkpoint.status == 200 && checkpoint.body == Array("note\n".utf8))
        #expect(checkpoint.headers[.contentType] == "text/plain; charset=utf-8")
        #expect(checkpoint.headers[.cacheControl] == "public, max-age=1")
        let tile = try await ask("/tile/0/000")
        #expect(tile.status == 200 && tile.body == Files.tile)
        #expect(tile.headers[.contentType] == "application/octet-stream")
        #expect(tile.headers[.cacheControl]?.contains("immutable") == true)
        let tag = try #require(tile.headers[.eTag])
        #expect(try await ask("/tile/0/000", .get, [.ifNoneMatch: tag]).status == 304)
        #expect(try await ask("/tile/0/000", .get, [.ifNoneMatch: "\"x\""]).status == 200)
        let head = try await ask("/tile/0/000", .head)
        #expect(head.status == 200 && head.body.isEmpty && head.headers[.contentLength] == "100")
    }

    @Test(arguments: [
        ("bytes=0-9", 206, 0..<10), ("bytes=90-", 206, 90..<100), ("bytes=-5", 206, 95..<100),
        ("bytes=5-500", 206, 5..<100),
        ("bytes=-500", 206, 0..<100), ("bytes=100-", 416, 0..<0), ("bytes=-0", 416, 0..<0), ("bytes=9-5", 200, 0..<100),
        ("bytes=1-2,5-6", 200, 0..<100), ("lines=1-2", 200, 0..<100), ("bytes=-", 200, 0..<100),
        ("bytes=+1-2", 200, 0..<100),
        ("bytes=0-99999999999999999999", 200, 0..<100),
    ])
    func `serves one range`(header: String, status: Int, range: Range<Int>) async throws {
        let answer = try await ask("/tile/0/000", .get, [.range: header])
        #expect(answer.status == status)
        if status != 416 { #expect(answer.body == Array(Files.tile[range])) }
        if status == 206 {
            #expect(answer.headers[.contentRange] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/100")
        }
        let other = try await ask("/tile/0/000", .get, [.range: header, .ifRange: "\"x\""])
        #expect(other.status == 200)
    }

    @Test(arguments: [
        "/", "", "checkpoint", "//checkpoint", "/checkpoint/", "/checkpoint?x", "/tile/0/000/", "/tile/0/%30%30%30",
        "/tile/../checkpoint", "/witness/add-checkpoint/", "/glovebox/v1/whoami",
    ])
    func `knows no other path`(path: String) async throws { #expect(try await ask(path).status == 404) }

    @Test func `refuses other methods and tells nothing about a fault`() async throws {
        #expect(try await ask("/checkpoint", .post).status == 405)
        #expect(try await ask("/witness/add-checkpoint", .get).status == 405)
        let broken = try await ask("/broken")
        #expect(broken.status == 500 && !String(decoding: broken.body, as: UTF8.self).contains("secret"))
    }

    @Test func `hands a witness request over and its answer back`() async throws {
        let answer = try await ask("/witness/add-checkpoint", .post, body: [1, 2, 3])
        #expect(answer.status == 409 && answer.body == Array("7\n".utf8))
        #expect(answer.headers[.contentType] == "text/x.tlog.size")
        let large = [UInt8](repeating: 10, count: 1 << 20 | 1)
        #expect(try await ask("/witness/add-checkpoint", .post, body: large).status == 400)
        #expect(files.bodies.withLock { $0 } == [[1, 2, 3]])
    }
}
