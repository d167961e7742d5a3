internal import AsyncHTTPClient
package import GloveboxCore
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// A connection to one webhook at one address that was looked at before: the name is not resolved again.
///
/// Redirects are not followed, and of an answer only the status is read. Close it when done.
package actor WebhookLine {
    /// Seconds in which a connection has to stand, and in which a message has to be answered.
    private static let patience: (connect: Int64, answer: Int64) = (5, 10)

    private let target: WebhookTarget
    private let http: HTTPClient

    /// A line to an address; `authorities` is a PEM file of those whose certificates are believed, nil for the system's.
    ///
    /// - Throws: `config.invalid`.
    package init(_ target: WebhookTarget, address: String, authorities: String?) throws(GloveboxError) {
        self.target = target
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(Self.patience.connect), read: .seconds(Self.patience.answer))
        configuration.httpVersion = .http1Only
        if !target.isAddress { configuration.dnsOverride = [target.host: address] }
        var tls = TLSConfiguration.makeClientConfiguration()
        // Until the other side says goodbye, what it sends is taken in and dropped.
        tls.shutdownTimeout = .milliseconds(50)
        if let authorities {
            do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities)) } catch {
                throw GloveboxError("config.invalid", "there is no PEM certificate in \(Display.escape(authorities))")
            }
        }
        configuration.tlsConfiguration = tls
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Sends a message; the status that it was answered with.
    ///
    /// - Throws: `webhook.unreachable`, `webhook.timeout`.
    package func send(_ body: [UInt8], _ headers: [(name: String, value: String)]) async throws(GloveboxError) -> Int {
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            // A body that is not read ends with the connection.
            return Int(try await http.execute(request, timeout: .seconds(Self.patience.answer)).status.code)
        } catch let error as HTTPClientError where Self.isTimeout(error) {
            throw GloveboxError("webhook.timeout", "no answer within \(Self.patience.answer) s")
        } catch {
            throw GloveboxError("webhook.unreachable", Display.escape("\(error)"))
        }
    }

    private static func isTimeout(_ error: HTTPClientError) -> Bool {
        [.deadlineExceeded, .readTimeout].contains(error)
    }

    /// Ends the connection.
    package func close() async {
        do { try await http.shutdown() } catch {
            // Nothing is left to do for a connection that will not close.
        }
    }
}
