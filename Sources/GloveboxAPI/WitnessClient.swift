internal import AsyncHTTPClient
package import GloveboxCore
internal import NIOCore
internal import NIOHTTP1

/// Speaks to one witness; whatever it answers takes at most a second and 64 KiB.
package struct WitnessClient: Sendable {
    /// Greatest length of an answer in bytes.
    package static let maxBytes = 65_536
    private static let seconds: Int64 = 1

    /// For all witnesses, as long as the process lives.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(seconds), read: .seconds(seconds))
        configuration.httpVersion = .http1Only
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private let prefix: String

    /// A client for the witness under a prefix, which is submission and monitoring prefix at once.
    ///
    /// - Throws: `config.invalid` for anything but `http://` or `https://` with a host and no query.
    package init(_ prefix: String) throws(GloveboxError) {
        let isHTTP = ["http://", "https://"].contains {
            prefix.utf8.starts(with: $0.utf8) && prefix.utf8.count > $0.utf8.count
        }
        guard isHTTP, prefix.utf8.last != UInt8(ascii: "/"), prefix.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            !prefix.utf8.contains(UInt8(ascii: "?")), !prefix.utf8.contains(UInt8(ascii: "#"))
        else {
            throw GloveboxError(
                "config.invalid",
                "not a witness's address: \(Display.escape(prefix))",
                hint: "Write http:// or https://, host and path, without a slash at the end."
            )
        }
        self.prefix = prefix
    }

    /// Sends a checkpoint; status and body, whatever they say.
    ///
    /// - Throws: `witness.unreachable`.
    package func add(_ body: [UInt8]) async throws(GloveboxError) -> (status: Int, body: [UInt8]) {
        var request = HTTPClientRequest(url: prefix + "/add-checkpoint")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/octet-stream")
        request.body = .bytes(ByteBuffer(bytes: body))
        return try await send(request)
    }

    /// What the witness has on record of the log whose origin has that hash; nil when it shows nothing.
    ///
    /// - Throws: `witness.unreachable`.
    package func checkpoint(originHash: Digest) async throws(GloveboxError) -> [UInt8]? {
        let answer = try await send(HTTPClientRequest(url: "\(prefix)/\(originHash.hex)/checkpoint"))
        return answer.status == 200 ? answer.body : nil
    }

    private func send(_ request: HTTPClientRequest) async throws(GloveboxError) -> (status: Int, body: [UInt8]) {
        let exchange: @Sendable @concurrent () async throws -> (Int, [UInt8]) = {
            let response = try await Self.http.execute(request, timeout: .seconds(Self.seconds))
            let buffer = try await response.body.collect(upTo: Self.maxBytes)
            return (Int(response.status.code), Array(buffer.readableBytesView))
        }
        do {
            // The client's own limit ends with the head; a body may come a byte at a time.
            return try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
                group.addTask(operation: exchange)
                group.addTask {
                    try await Task.sleep(for: .seconds(Self.seconds))
                    throw CancellationError()
                }
                defer { group.cancelAll() }
                guard let first = try await group.next() else { throw CancellationError() }
                return first
            }
        } catch is CancellationError {
            throw GloveboxError("witness.unreachable", "no answer within \(Self.seconds) s")
        } catch is NIOTooManyBytesError {
            throw GloveboxError("witness.unreachable", "the answer has more than \(Self.maxBytes) bytes")
        } catch {
            throw GloveboxError("witness.unreachable", Display.escape("\(error)"))
        }
    }
}
