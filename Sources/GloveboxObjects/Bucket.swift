internal import AsyncHTTPClient
package import GloveboxCore
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// Reads and writes objects of one bucket.
///
/// Redirects are not followed: what is asked for comes from the configured endpoint or not at all.
package struct Bucket: Sendable {
    private let settings: BucketSettings
    private let signer: RequestSigner
    private let clock: @Sendable () -> Instant

    /// How often a request is made that the service cannot answer now.
    private static let tries = 3
    /// Seconds for the head of an answer, and for a read that brings nothing.
    private static let patience: Int64 = 60

    /// A bucket under those keys; `clock` tells the time that requests are signed for.
    package init(_ settings: BucketSettings, _ credentials: Credentials, clock: @escaping @Sendable () -> Instant) {
        self.settings = settings
        signer = RequestSigner(credentials: credentials, region: settings.region)
        self.clock = clock
    }

    /// Reads an object into a sink, which is told with `restart` to forget what it has; its length in bytes.
    ///
    /// - Throws: `input.missing`, `input.too-large`, `s3.refused`, `s3.unreachable`, and what the sink throws.
    package func read(
        _ key: String,
        limit: Int64,
        restart: () throws(GloveboxError) -> Void,
        sink: ([UInt8]) throws(GloveboxError) -> Void
    ) async throws(GloveboxError) -> Int64 {
        try await withClient { (http) throws(GloveboxError) in
            try await answered { () throws(GloveboxError) -> Int64? in
                try restart()
                let response = try await send(http, .GET, key, body: nil)
                switch response.status.code {
                case 200: break
                case 404: throw GloveboxError("input.missing", "there is no \(name(key))")
                case let status where Self.isPassing(status): return nil
                case let status: throw refused(status, key)
                }
                let tooLarge = GloveboxError("input.too-large", "\(name(key)) has more than \(limit) bytes")
                let announced = response.headers.first(name: "content-length").flatMap { Int64($0) }
                guard announced ?? 0 <= limit else { throw tooLarge }
                var length: Int64 = 0
                do {
                    for try await chunk in response.body {
                        length += Int64(chunk.readableBytes)
                        guard length <= limit else { throw tooLarge }
                        try sink(Array(chunk.readableBytesView))
                    }
                } catch let error as GloveboxError { throw error } catch { return nil }
                // A connection that ends early is no whole object.
                return announced ?? length == length ? length : nil
            }
        }
    }

    /// Writes an object, in the place of one that is there.
    ///
    /// - Throws: `s3.refused`, `s3.unreachable`.
    package func write(_ key: String, _ bytes: [UInt8]) async throws(GloveboxError) {
        try await withClient { (http) throws(GloveboxError) in
            try await answered { () throws(GloveboxError) -> Void? in
                let status = try await send(http, .PUT, key, body: bytes).status.code
                if status == 200 { return () }
                guard Self.isPassing(status) else { throw refused(status, key) }
                return nil
            }
        }
    }

    /// Whether the service may answer otherwise in a moment.
    private static func isPassing(_ status: UInt) -> Bool { status >= 500 || status == 429 }

    private func name(_ key: String) -> String { "s3://\(settings.bucket)/\(Display.escape(key))" }

    private func refused(_ status: UInt, _ key: String) -> GloveboxError {
        GloveboxError(
            "s3.refused",
            "\(settings.endpoint) answers to \(name(key)) with HTTP status \(status)",
            hint: "The operator looks at endpoint, region and keys of the bucket (tes.s3), and at what the keys may do."
        )
    }

    /// Does something until it is answered, with a pause that grows; nil is no answer.
    private func answered<Value>(
        _ body: () async throws(GloveboxError) -> Value?
    ) async throws(GloveboxError) -> Value {
        var pause: Int64 = 1
        var fault = GloveboxError("s3.unreachable", "\(settings.endpoint) gives no whole answer")
        for attempt in 1...Self.tries {
            do throws(GloveboxError) { if let value = try await body() { return value } } catch {
                guard error.code == "s3.unreachable" else { throw error }
                fault = error
            }
            guard attempt < Self.tries else { break }
            do { try await Task.sleep(for: .seconds(pause)) } catch { break }
            pause *= 4
        }
        throw fault
    }

    private func send(
        _ http: HTTPClient,
        _ method: HTTPMethod,
        _ key: String,
        body: [UInt8]?
    ) async throws(GloveboxError) -> HTTPClientResponse {
        let path = "/\(settings.bucket)/" + Self.encode(key)
        var request = HTTPClientRequest(url: settings.endpoint + path)
        request.method = method
        let headers = signer.headers(
            method.rawValue,
            path: path,
            [("host", String(settings.endpoint.drop { $0 != "/" }.dropFirst(2)))],
            payload: RequestSigner.sha256(body ?? []),
            at: clock()
        )
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do { return try await http.execute(request, timeout: .seconds(Self.patience)) } catch {
            throw GloveboxError(
                "s3.unreachable",
                "no answer from \(settings.endpoint): \(Display.escape("\(error)"))",
                hint: "The operator looks at the endpoint of the bucket (tes.s3), and at the service."
            )
        }
    }

    /// The key in a path: every byte but unreserved ones and `/` is encoded.
    ///
    /// Source: as ``RequestSigner``, "UriEncode".
    private static func encode(_ key: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in key.utf8 {
            let isLetter = (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            if isLetter || (0x30...0x39).contains(byte) || "-._~/".utf8.contains(byte) {
                out.append(byte)
            } else {
                out += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private func withClient<Value>(
        _ body: (HTTPClient) async throws(GloveboxError) -> Value
    ) async throws(GloveboxError) -> Value {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(Self.patience))
        configuration.httpVersion = .http1Only
        if let authorities = settings.authorities {
            var tls = TLSConfiguration.makeClientConfiguration()
            do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities)) } catch {
                throw GloveboxError("config.invalid", "there is no PEM certificate in \(Display.escape(authorities))")
            }
            configuration.tlsConfiguration = tls
        }
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<Value, GloveboxError>
        do throws(GloveboxError) { result = .success(try await body(http)) } catch { result = .failure(error) }
        do { try await http.shutdown() } catch {
            // Nothing is left to do for a connection that will not close.
        }
        return try result.get()
    }
}
