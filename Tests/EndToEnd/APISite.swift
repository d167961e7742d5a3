import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// A site with the image `base` that answers over TLS on a port of its own.
final class APISite {
    let state: String
    let url: String
    let certificate: String
    private var process: RunningProgram
    private var output: Descriptor

    /// Whether this host has what such a site needs.
    static var canServe: Bool {
        geteuid() == 0 && TestPrograms.variable("GLOVEBOX_THIRD_PARTY") != nil && TestPrograms.image("base") != nil
    }

    /// Founds and serves it; `clients` is a PEM file of the authority for client certificates, which `certified` roles need.
    init(settings: String = "", clients: String? = nil, certified: String = "") throws {
        state = try TestPrograms.scratch()
        let port = try TestServer.freePort()
        url = "https://localhost:\(port)"
        let founding = ["init", "--state", state, "--name", "t", "--origin", "log.t.example", "--plan-quorum", "1"]
        let founded = try TestPrograms.run("gloveboxd", founding)
        try #require(founded.status == 0, "\(founded.output)")
        certificate = state + "/tls.pem"
        let made = try TestPrograms.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", state + "/tls.key",
                "-out", certificate,
            ]
        )
        try #require(made.status == 0, "\(made.output)")
        #expect(unsafe chmod(state + "/tls.key", 0o600) == 0)
        let text = """
            server:
              listen: "127.0.0.1:\(port)"
              tls: {cert: tls.pem, key: tls.key\(clients.map { ", client_ca: \($0)" } ?? "")}
              require_mtls: [\(certified)]
            rate: {reads_per_second: 5000, reads_burst: 5000, writes_per_second: 5000, writes_burst: 5000}
            quotas: {concurrent: 1000, queued: 100000}
            \(settings)
            """
        try Descriptor.open(state + "/gloveboxd.yaml", O_WRONLY | O_CREAT, mode: 0o600).write(Array(text.utf8))
        let image = try #require(TestPrograms.image("base"))
        let added = try TestPrograms.run(
            "glovebox",
            [
                "image", "add", image, "--name", "base", "--alias", "alpine", "--alias", "ubuntu", "--images",
                state + "/images",
            ]
        )
        try #require(added.status == 0, "\(added.output)")
        (process, output) = try Self.serve(state)
    }

    /// Serves what a backup of another site, which has ended, was restored to; at the same port.
    init(restored state: String, of other: APISite) throws {
        self.state = state
        (url, certificate) = (other.url, state + "/tls.pem")
        (process, output) = try Self.serve(state)
    }

    private static func serve(_ state: String) throws -> (RunningProgram, Descriptor) {
        let (process, output) = try TestPrograms.start("gloveboxd", ["serve", "--state", state, "--accept-disk"])
        var said = ""
        while !said.contains("ready unix") || !said.contains("listening https") {
            let more = try output.read(upTo: 512)
            try #require(!more.isEmpty, "\(said)")
            said += String(decoding: more, as: UTF8.self)
        }
        // Its log would fill the pipe.
        Self.drain(output)
        return (process, output)
    }

    private static func drain(_ output: Descriptor) {
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(Box(output))
        unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let output = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().output
                do { while try !output.read(upTo: 65536).isEmpty {} } catch {}
                return nil
            },
            box.toOpaque()
        )
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let output: Descriptor
        init(_ output: Descriptor) { self.output = output }
    }

    /// The daemon's process.
    var pid: Int32 { process.pid }

    /// Kills it and starts it again.
    func restart() throws {
        stop()
        (process, output) = try Self.serve(state)
    }

    /// Makes an account; its token.
    func person(_ name: String, _ role: String) throws -> String {
        let file = "\(state)/\(name).token"
        let made = try TestPrograms.run(
            "glovebox",
            ["account", "add", name, "--role", role, "--token-out", file, "--profile", state + "/operator"]
        )
        try #require(made.status == 0, "\(made.output)")
        let text = String(decoding: try Descriptor.open(file, O_RDONLY).readAll(limit: 1000), as: UTF8.self)
        return String(text.split(separator: "\n").first ?? "")
    }

    /// Runs a script of the repository with the clients of others, which believe this site's certificate.
    func python(_ script: String, _ arguments: [String]) throws -> TestPrograms.Outcome {
        let tools = TestPrograms.variable("GLOVEBOX_THIRD_PARTY") ?? ""
        return try TestPrograms.run(
            tools + "/api/bin/python",
            [TestPrograms.repository + "/" + script] + arguments,
            environment: [
                "REQUESTS_CA_BUNDLE=" + certificate, "SSL_CERT_FILE=" + certificate, "PYTHONDONTWRITEBYTECODE=1",
            ]
        )
    }

    /// The log's verifier key.
    func key() throws -> String {
        let bytes = try Descriptor.open(state + "/keys/log/log.key", O_RDONLY).readAll(limit: 1000)
        return try NoteSigner(parsing: String(decoding: bytes, as: UTF8.self)).key.vkey
    }

    /// The supervisor's process id and start time, as the names of its control groups have them.
    func owner() throws -> String {
        let stat = String(
            decoding: try Descriptor.open("/proc/\(process.pid)/stat", O_RDONLY).readAll(limit: 4096),
            as: UTF8.self
        )
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        return "\(process.pid).\(try #require(fields.count > 20 ? fields[20] : nil))"
    }

    /// Asks it to end, and waits until it has.
    func end() throws {
        #expect(kill(process.pid, SIGTERM) == 0)
        #expect(try process.wait() == 0)
    }

    /// The directory of what alice fetched of a job, which is verified before it is written.
    func fetched(_ job: String) throws -> String {
        let people = ["GLOVEBOX_CONFIG=\(state)/people"]
        let login = ["login", "unix://\(state)/api.sock", "--token-file", state + "/alice.token", "--profile", "alice"]
        let entered = try TestPrograms.run("glovebox", login, environment: people)
        try #require(entered.status == 0, "\(entered.output)")
        let target = try TestPrograms.scratch() + "/results"
        let fetch = ["fetch", job, "-o", target, "--profile", "alice"]
        let fetched = try TestPrograms.run("glovebox", fetch, environment: people)
        try #require(fetched.status == 0, "\(fetched.output)")
        return target
    }

    /// Ends it at once.
    func stop() {
        process.kill()
        do { _ = try process.wait() } catch {}
    }
}
