internal import AsyncHTTPClient
package import GloveboxCore
internal import NIOCore
internal import NIOHTTP1

/// Files that anyone may fetch below an address, over HTTP or HTTPS, each with a bound on its size and its time.
///
/// Close it when done.
package struct PublicFiles: Sendable {
    private let seconds: Int64
    private let base: String
    private let http: HTTPClient

    /// Names an address, whose server has so many seconds for an answer.
    ///
    /// - Throws: `usage` for anything but `http://` or `https://`, a host and a path.
    package init(_ address: String, seconds: Int64 = 60) throws(GloveboxError) {
        try Self.check(address)
        self.seconds = seconds
        base = address.utf8.last == UInt8(ascii: "/") ? String(address.dropLast()) : address
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(seconds))
        // Small web servers let five connections wait, and lose a second over each one more.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 4
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Checks that an address is one.
    ///
    /// - Throws: as ``init(_:seconds:)``.
    package static func check(_ address: String) throws(GloveboxError) {
        let scheme = ["http://", "https://"].first { address.utf8.starts(with: $0.utf8) }
        let rest = address.dropFirst(scheme?.count ?? 0)
        guard scheme != nil, !rest.isEmpty, !rest.utf8.starts(with: "/".utf8),
            rest.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"?#@\\\"<>".utf8.contains($0) })
        else {
            throw GloveboxError(
                "usage",
                "not an address of public files: \(Display.escape(address))",
                hint: "Give http:// or https://, a host and a path."
            )
        }
    }

    /// Ends all connections.
    package func close() async {
        do { try await http.shutdown() } catch {
            // Nothing is left to do for a connection that will not close.
        }
    }

    /// The first `limit + 1` bytes of a file; nil when the server says that there is none.
    ///
    /// - Throws: `server.unreachable`, `server.answer` for a status other than 200 and 404.
    package func get(_ path: String, limit: Int) async throws(GloveboxError) -> [UInt8]? {
        try await send(HTTPClientRequest(url: "\(base)/\(path)"), limit: limit)
    }

    /// Sends bytes to the address itself, and returns the first `limit + 1` bytes of the answer.
    ///
    /// - Throws: as ``get(_:limit:)``; `server.answer` for 404 as well.
    package func post(_ body: [UInt8], type: String, limit: Int) async throws(GloveboxError) -> [UInt8] {
        var request = HTTPClientRequest(url: base)
        request.method = .POST
        request.headers.add(name: "content-type", value: type)
        request.body = .bytes(ByteBuffer(bytes: body))
        guard let answer = try await send(request, limit: limit) else {
            throw GloveboxError("server.answer", "\(Display.escape(base)) does not exist")
        }
        return answer
    }

    private func send(_ request: HTTPClientRequest, limit: Int) async throws(GloveboxError) -> [UInt8]? {
        var bytes: [UInt8] = []
        let status: UInt
        do {
            let response = try await http.execute(request, timeout: .seconds(seconds))
            status = response.status.code
            if status == 200 {
                for try await chunk in response.body {
                    bytes += chunk.readableBytesView
                    if bytes.count > limit { break }
                }
            }
        } catch {
            throw GloveboxError(
                "server.unreachable",
                "no answer from \(Display.escape(base)): \(Display.escape("\(error)"))",
                hint: "Check the address, and that the server runs."
            )
        }
        if status == 404 { return nil }
        guard status == 200 else {
            throw GloveboxError("server.answer", "\(Display.escape(request.url)): HTTP status \(status)")
        }
        return Array(bytes.prefix(limit + 1))
    }
}
