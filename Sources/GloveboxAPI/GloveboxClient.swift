internal import AsyncHTTPClient
package import GloveboxCore
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Speaks to one site over its unix socket or over TCP.
///
/// Close it when done.
package actor GloveboxClient {
    private let address: ServerAddress
    private let token: String?
    private let http: HTTPClient

    /// The base of all paths.
    package static let base = "/glovebox/v1"

    /// A client for that site; without a token only what needs no login works.
    ///
    /// `authorities` is a PEM file of those whose certificates are believed; nil believes those of the system.
    /// `identity` names the PEM files of the client's own certificate and its key.
    ///
    /// - Throws: `usage` when a file cannot be used.
    package init(
        _ address: ServerAddress,
        token: String?,
        authorities: String? = nil,
        identity: (certificate: String, key: String)? = nil
    ) throws(GloveboxError) {
        self.address = address
        self.token = token
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(5))
        configuration.httpVersion = .http1Only
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorities {
            do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities)) } catch {
                throw GloveboxError(
                    "usage",
                    "there is no PEM certificate in \(Display.escape(authorities))",
                    hint: "--ca takes the certificate of the site, or of the authority that signed it."
                )
            }
        }
        if let identity {
            do {
                tls.certificateChain = try NIOSSLCertificate.fromPEMFile(identity.certificate).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: identity.key, format: .pem))
            } catch {
                throw GloveboxError(
                    "usage",
                    "the client's certificate or key cannot be used",
                    hint: "--client-cert and --client-key take PEM files."
                )
            }
        }
        if authorities != nil || identity != nil { configuration.tlsConfiguration = tls }
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Ends all connections.
    package func close() async {
        do { try await http.shutdown() } catch {
            // Nothing is left to do for a connection that will not close.
        }
    }

    /// `GET` of a value.
    func get<Value: APIValue>(_ path: String, _ type: Value.Type = Value.self) async throws(RequestFailure) -> Value {
        try decode(await send(request("GET", path), seconds: 60))
    }

    /// `GET` of bytes.
    func getBytes(_ path: String) async throws(RequestFailure) -> [UInt8] {
        try await send(request("GET", path), seconds: 60)
    }

    /// `DELETE` of something; what it was.
    func delete<Value: APIValue>(
        _ path: String,
        _ type: Value.Type = Value.self
    ) async throws(RequestFailure) -> Value {
        try decode(await send(request("DELETE", path), seconds: 60))
    }

    /// `POST` of one value for another, which may be so long in coming.
    func post<Value: APIValue>(
        _ path: String,
        _ body: some APIValue,
        _ type: Value.Type = Value.self,
        seconds: Int64 = 60
    ) async throws(RequestFailure) -> Value {
        try decode(await send(request("POST", path, body), seconds: seconds))
    }

    /// `PATCH` of something that is as its tag says.
    func patch<Value: APIValue>(
        _ path: String,
        _ body: some APIValue,
        ifMatch tag: String,
        _ type: Value.Type = Value.self
    ) async throws(RequestFailure) -> Value {
        var request = request("PATCH", path, body)
        request.headers.add(name: "if-match", value: tag)
        return try decode(await send(request, seconds: 60))
    }

    private func request(_ method: String, _ path: String, _ body: some APIValue) -> HTTPClientRequest {
        var request = request(method, path)
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body.encoded))
        return request
    }

    /// `POST` of a file that is open for reading, from its beginning.
    func upload<Value: APIValue>(
        _ path: String,
        descriptor: Int32,
        bytes: UInt64,
        _ type: Value.Type = Value.self
    ) async throws(RequestFailure) -> Value {
        var request = request("POST", path)
        request.headers.add(name: "content-type", value: "application/octet-stream")
        request.body = .stream(FileChunks(descriptor: descriptor), length: .known(Int64(clamping: bytes)))
        return try decode(await send(request, seconds: 900))
    }

    private func request(_ method: String, _ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address.base + Self.base + path)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "accept", value: "application/json")
        if let token { request.headers.add(name: "authorization", value: "Bearer " + token) }
        return request
    }

    private func send(_ request: HTTPClientRequest, seconds: Int64) async throws(RequestFailure) -> [UInt8] {
        let status: Int
        let body: [UInt8]
        do {
            let response = try await http.execute(request, timeout: .seconds(seconds))
            status = Int(response.status.code)
            let buffer = try await response.body.collect(upTo: Self.answerLimit)
            body = Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw RequestFailure(GloveboxError("input.too-large", "the site's answer is larger than 256 MiB"))
        } catch {
            throw RequestFailure(
                GloveboxError(
                    "server.unreachable",
                    "no answer from \(Display.escape(address.description)): \(Display.escape("\(error)"))",
                    hint: "Is gloveboxd running there? Check --server, or the url of the profile."
                )
            )
        }
        guard (200..<300).contains(status) else { throw failure(status, body) }
        return body
    }

    private func failure(_ status: Int, _ body: [UInt8]) -> RequestFailure {
        do throws(GloveboxError) {
            let problem = try Problem(encoded: body)
            return RequestFailure(problem.error, status: status, instance: problem.instance)
        } catch {
            let error = GloveboxError("unknown", "the site answered with HTTP status \(status) and no reason")
            return RequestFailure(error, status: status)
        }
    }

    private func decode<Value: APIValue>(_ body: [UInt8]) throws(RequestFailure) -> Value {
        do throws(GloveboxError) { return try Value(encoded: body) } catch { throw RequestFailure(error) }
    }

    private static let answerLimit = 268_435_456
}
