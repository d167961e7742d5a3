internal import GloveboxAPI
internal import GloveboxCore
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore

/// Answers requests for the public log, and those of the logs that this site witnesses.
///
/// Only exact paths are known; nothing is decoded, and there is no login.
///
/// Source: transparency-log specification, sections 5 and 11.
struct PublicResponder: Sendable {
    private static let submission = "/witness/add-checkpoint"
    /// Greatest length of a request's body in bytes.
    private static let bodyLimit = 1 << 20

    let site: any PublicSite
    let logger: Logger

    func answer(_ request: Request) async -> Response {
        do throws(GloveboxError) {
            let path = request.head.path ?? ""
            if path.utf8.elementsEqual(Self.submission.utf8) { return try await addCheckpoint(request) }
            guard request.method == .get || request.method == .head else { return Self.plain(405, allow: "GET, HEAD") }
            guard let file = try await site.file(String(path.dropFirst())), path.hasPrefix("/") else {
                return Self.plain(404)
            }
            return Self.answer(request, file)
        } catch {
            logger.error("public request failed", metadata: ["code": .string(error.code)])
            return Self.plain(["log.unavailable", "witness.retired"].contains(error.code) ? 503 : 500)
        }
    }

    private func addCheckpoint(_ request: Request) async throws(GloveboxError) -> Response {
        guard request.method == .post else { return Self.plain(405, allow: "POST") }
        var body: [UInt8] = []
        do {
            for try await chunk in request.body {
                guard body.count + chunk.readableBytes <= Self.bodyLimit else { return Self.plain(400) }
                body += chunk.readableBytesView
            }
        } catch {
            return Self.plain(400)
        }
        let answer = try await site.addCheckpoint(body)
        return Response(
            status: HTTPResponse.Status(code: answer.status),
            headers: [.contentType: answer.type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }

    private static func answer(_ request: Request, _ file: PublicFile) -> Response {
        let tag = "\"\(file.digest.hex)\""
        var headers: HTTPFields = [
            .acceptRanges: "bytes", .eTag: tag,
            .contentType: file.isImmutable ? "application/octet-stream" : "text/plain; charset=utf-8",
            .cacheControl: file.isImmutable ? "public, max-age=31536000, immutable" : "public, max-age=1",
        ]
        if let name = HTTPField.Name("X-Content-Type-Options") { headers[name] = "nosniff" }
        // For the auditor's page, which may come from anywhere and learns nothing that is not public.
        if let name = HTTPField.Name("Access-Control-Allow-Origin") { headers[name] = "*" }
        if let known = request.headers[.ifNoneMatch], known == "*" || known.contains(tag) {
            return Response(status: .notModified, headers: headers)
        }
        let isSame = request.headers[.ifRange].map { $0 == tag } ?? true
        let range = isSame ? request.headers[.range].flatMap { ByteRange.read($0, length: file.bytes.count) } : nil
        guard let range else { return response(.ok, headers, file.bytes[...], request) }
        guard !range.isEmpty else {
            headers[.contentRange] = "bytes */\(file.bytes.count)"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
        headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.bytes.count)"
        return response(.partialContent, headers, file.bytes[range], request)
    }

    private static func response(
        _ status: HTTPResponse.Status,
        _ headers: HTTPFields,
        _ bytes: ArraySlice<UInt8>,
        _ request: Request
    ) -> Response {
        var response = Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
        guard request.method == .head else { return response }
        response.body = ResponseBody()
        response.headers[.contentLength] = String(bytes.count)
        return response
    }

    private static func plain(_ code: Int, allow: String? = nil) -> Response {
        let status = HTTPResponse.Status(code: code)
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"]
        headers[.allow] = allow
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: "\(code)\n"))
        )
    }
}
