import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// A receiver of webhooks in Python, with an authority of its own, which checks every signature it sees.
final class WebhookReceiver {
    let directory: String
    let port: Int
    /// The authority's certificate.
    var authority: String { directory + "/ca.pem" }
    private var process: RunningProgram?

    /// Makes authority and certificate; ``start()`` starts it.
    init() throws {
        directory = try TestPrograms.scratch()
        port = try TestServer.freePort()
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        try Self.openssl(
            ["req", "-x509"] + curve + ["-subj", "/CN=hooks", "-keyout", directory + "/ca.key", "-out", authority]
        )
        try Self.openssl(
            ["req", "-x509"] + curve
                + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", directory + "/key"]
                + ["-addext", "basicConstraints=critical,CA:FALSE"]
                + ["-CA", authority, "-CAkey", directory + "/ca.key", "-out", directory + "/cert"]
        )
    }

    private static func openssl(_ arguments: [String]) throws {
        let outcome = try TestPrograms.run("/usr/bin/openssl", arguments)
        try #require(outcome.status == 0, "\(outcome.output)")
    }

    /// Starts it, at the same port each time.
    func start() throws {
        let script = TestPrograms.repository + "/Tests/ThirdParty/webhook_receiver"
        let (process, output) = try TestPrograms.start(
            "/usr/bin/python3",
            [script, directory + "/cert", directory + "/key", String(port), directory]
        )
        let said = String(decoding: try output.read(upTo: 6), as: UTF8.self)
        try #require(said == "ready\n", "\(said)")
        self.process = process
    }

    func stop() {
        process?.kill()
        process = nil
    }

    /// A URL at which it answers in a way: ok, fail, redirect, hang, flood.
    func url(_ what: String, _ name: String) -> String { "https://localhost:\(port)/\(what)/\(name)" }

    /// Where the secret of a webhook is read from.
    func secret(_ name: String) -> String { "\(directory)/\(name).secret" }

    /// After how many milliseconds each answer without end was cut off.
    func cuts(_ name: String) throws -> [Int] {
        let path = "\(directory)/\(name).ends"
        guard unsafe access(path, F_OK) == 0 else { return [] }
        let bytes = try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 20)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
    }

    /// What came for a webhook.
    func lines(_ name: String) throws -> [JSONValue] {
        let path = "\(directory)/\(name).log"
        guard unsafe access(path, F_OK) == 0 else { return [] }
        let bytes = try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 24)
        return try bytes.split(separator: 10).map { try JSONReader.read(Array($0)) }
    }

    /// The messages that came for a webhook: each signed, each told once however often it came, in the order of arrival.
    func messages(_ name: String) throws -> [JSONValue] {
        var seen: Set<String> = []
        return try lines(name).compactMap { line in
            #expect(line["signed"]?.bool == true, "\(line)")
            guard let message = line["message"], let id = message["id"]?.string, seen.insert(id).inserted else {
                return nil
            }
            return message
        }
    }
}
