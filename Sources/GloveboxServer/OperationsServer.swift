package import GloveboxAPI
internal import GloveboxCore
internal import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// The HTTP server for the machines that watch over a site: `/metrics`, `/healthz`, `/readyz`.
///
/// It has no login and tells nothing of people or data; it belongs on the loopback interface all the same.
///
/// Source: job-backend section 10.
package struct OperationsServer: Service {
    private let site: any OperatedSite
    private let host: String
    private let port: Int
    private let logger: Logger

    /// A server; nothing is opened yet.
    package init(site: any OperatedSite, host: String, port: Int, logger: Logger) {
        self.site = site
        self.host = host
        self.port = port
        self.logger = logger
    }

    /// Serves until the service group shuts down.
    package func run() async throws {
        let site = site
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in await Self.answer(request, site) },
            server: .http1(configuration: GracefulServer.channel),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            logger: logger
        )
        try await GracefulServer.run(application, logger)
    }

    private static func answer(_ request: Request, _ site: any OperatedSite) async -> Response {
        guard request.method == .get else { return response(405, "text/plain; charset=utf-8", "only GET\n") }
        switch request.head.path ?? "" {
        case "/healthz": return response(200, "text/plain; charset=utf-8", "alive\n")
        case "/readyz":
            let checks = await site.readiness()
            let isReady = checks.allSatisfy { $0.problem == nil }
            let body: JSONValue = ["ready": .bool(isReady), "checks": .array(checks.map(\.json))]
            let text = String(decoding: CanonicalJSON.encode(body), as: UTF8.self) + "\n"
            return response(isReady ? 200 : 503, "application/json", text)
        case "/metrics":
            let text = await site.metrics().map(\.text).joined()
            return response(200, "text/plain; version=0.0.4; charset=utf-8", text)
        default: return response(404, "text/plain; charset=utf-8", "/metrics, /healthz and /readyz are here\n")
        }
    }

    private static func response(_ code: Int, _ type: String, _ text: String) -> Response {
        Response(
            status: HTTPResponse.Status(code: code),
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
