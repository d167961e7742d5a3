import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import GloveboxServer

/// The server on TCP: TLS, client certificates, slow clients.
@Suite(.serialized) struct NetworkTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A certificate and key for localhost, signed by themselves.
    private func certificate(_ name: String, in directory: String) throws -> NetworkAddress.TLSFiles {
        let files = NetworkAddress.TLSFiles(certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key")
        let made = try TestPrograms.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=\(name)", "-addext", "subjectAltName=DNS:localhost", "-keyout", files.key, "-out",
                files.certificate,
            ]
        )
        try #require(made.status == 0, "\(made.output)")
        #expect(unsafe chmod(files.key, 0o600) == 0)
        return files
    }

    private func serve(
        _ tls: NetworkAddress.TLSFiles?,
        patience: RequestDeadline.Patience = RequestDeadline.Patience(),
        settings: ServerSettings = ServerSettings(),
        site: TestSite = TestSite(),
        _ body: (Int) async throws -> Void
    ) async throws {
        let uploads = try TestPrograms.scratch()
        let dispatcher = Dispatcher(
            service: site,
            authenticator: site,
            uploads: uploads,
            logger: Self.logger,
            settings: settings
        )
        let (ready, signal) = AsyncStream<Int>.makeStream()
        let address = NetworkAddress(host: "127.0.0.1", port: 0, tls: tls)
        let server = try APIServer(dispatcher, network: address, patience: patience, logger: Self.logger) { port in
            signal.yield(port ?? 0)
        }
        let task = Task { try await server.run() }
        var port = 0
        for await number in ready {
            port = number
            break
        }
        try await body(port)
        task.cancel()
        _ = await task.result
    }

    @Test func `speaks TLS 1.3 with whoever believes its certificate, and nothing older`() async throws {
        let directory = try TestPrograms.scratch()
        let own = try certificate("site", in: directory)
        let other = try certificate("other", in: directory)
        try await serve(own) { port in
            let address = try ServerAddress("https://localhost:\(port)")
            let client = try GloveboxClient(address, token: "researcher", authorities: own.certificate)
            #expect(try await client.whoami().name == "researcher")
            await client.close()
            let doubting = try GloveboxClient(address, token: "researcher", authorities: other.certificate)
            let failure = await #expect(throws: RequestFailure.self) { try await doubting.health() }
            #expect(failure?.error.code == "server.unreachable")
            await doubting.close()
            let old = try TestPrograms.run(
                "/bin/sh",
                ["-c", "openssl s_client -connect 127.0.0.1:\(port) -tls1_2 </dev/null 2>&1"]
            )
            #expect(old.output.contains("alert protocol version") || old.output.contains("Cipher is (NONE)"))
        }
    }

    @Test func `asks for a client's certificate when it is told to`() async throws {
        let directory = try TestPrograms.scratch()
        var own = try certificate("site", in: directory)
        let client = try certificate("client", in: directory)
        own.clientAuthority = client.certificate
        try await serve(own) { port in
            let base = ["--silent", "--cacert", own.certificate, "https://localhost:\(port)/glovebox/v1/healthz"]
            let without = try TestPrograms.run("/usr/bin/curl", base)
            #expect(without.status != 0 && !without.output.contains("emulated"), "\(without.output)")
            let with = try TestPrograms.run(
                "/usr/bin/curl",
                ["--cert", client.certificate, "--key", client.key] + base
            )
            #expect(with.status == 0 && with.output.contains("emulated"), "\(with.output)")
        }
    }

    @Test func `a role needs a certificate whose key is the account's, and a bound token its own`() async throws {
        let directory = try TestPrograms.scratch()
        var own = try certificate("site", in: directory)
        let person = try certificate("operator", in: directory)
        let other = try certificate("researcher", in: directory)
        let authority = directory + "/people.pem"
        let joined = try TestPrograms.run("/bin/cat", [person.certificate, other.certificate]).output
        try Descriptor.open(authority, O_WRONLY | O_CREAT, mode: 0o644).write(Array(joined.utf8))
        own.clientAuthority = authority
        own.isCertificateOptional = true
        var settings = ServerSettings()
        settings.certified = [.operator]
        let site = TestSite()
        let (mine, others) = (try Self.key(of: person), try Self.key(of: other))
        site.known.withLock {
            $0["operator"] = [mine]
            $0["researcher"] = [mine, others]
            $0["auditor"] = [mine, others]
            $0["bound to auditor"] = [others]
            $0["bound to owner"] = [mine]
        }
        try await serve(own, settings: settings, site: site) { port in
            func code(_ token: String, _ files: NetworkAddress.TLSFiles?) throws -> String {
                let shown = files.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
                return try TestPrograms.run(
                    "/usr/bin/curl",
                    shown + [
                        "--silent", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", own.certificate, "-H",
                        "Authorization: Bearer " + token, "https://localhost:\(port)/glovebox/v1/whoami",
                    ]
                ).output
            }
            #expect(try code("operator", person) == "200")
            #expect(try code("operator", other) == "403")
            #expect(try code("operator", nil) == "403")
            #expect(try code("researcher", nil) == "200")
            #expect(try code("researcher", person) == "200")
            #expect(try code("auditor", other) == "200")
            #expect(try code("auditor", person) == "403")
            // A key that is the account's no more ends the tokens that are bound to it.
            #expect(try code("owner", person) == "403")
            #expect(site.calls.count { $0 == "refused auth.certificate" } == 4)
            // The same key in a certificate issued anew.
            let renewed = NetworkAddress.TLSFiles(certificate: directory + "/renewed.pem", key: person.key)
            let made = try TestPrograms.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-key", person.key, "-days", "1", "-subj", "/CN=operator", "-out",
                    renewed.certificate,
                ]
            )
            #expect(made.status == 0, "\(made.output)")
            #expect(try Self.key(of: renewed) == mine)
            // One of no authority does not get as far as a token.
            let stranger = try certificate("stranger", in: directory)
            #expect(try code("researcher", stranger) == "000")
        }
    }

    @Test(arguments: ["", "GET /glovebox/v1/healthz HTTP/1.1\r\nHost: x\r\n"])
    func `a client that does not finish its head is cut off`(start: String) async throws {
        var patience = RequestDeadline.Patience()
        patience.head = .milliseconds(500)
        try await serve(nil, patience: patience) { port in
            let socket = try Self.connect(port)
            defer { close(socket) }
            if !start.isEmpty { _ = unsafe send(socket, start, start.utf8.count, Int32(MSG_NOSIGNAL)) }
            #expect(try await Self.isClosed(socket))
        }
    }

    @Test func `a client that drips a body is cut off, one that sends it is answered`() async throws {
        var patience = RequestDeadline.Patience()
        patience.head = .milliseconds(500)
        try await serve(nil, patience: patience) { port in
            let socket = try Self.connect(port)
            defer { close(socket) }
            let head =
                "POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer researcher\r\nContent-Length: 100\r\n\r\n{"
            _ = unsafe send(socket, head, head.utf8.count, Int32(MSG_NOSIGNAL))
            #expect(try await Self.isClosed(socket))
            let client = try GloveboxClient(ServerAddress("http://127.0.0.1:\(port)"), token: "researcher")
            #expect(try await client.whoami().name == "researcher")
            await client.close()
        }
    }

    @Test func `refuses a key that others can read, files that are none, and an address in the clear`() throws {
        let directory = try TestPrograms.scratch()
        let own = try certificate("site", in: directory)
        #expect(unsafe chmod(own.key, 0o644) == 0)
        let site = TestSite()
        let dispatcher = Dispatcher(service: site, authenticator: site, uploads: directory, logger: Self.logger)
        for tls in [own, NetworkAddress.TLSFiles(certificate: own.certificate, key: directory + "/none")] {
            let address = NetworkAddress(host: "127.0.0.1", port: 0, tls: tls)
            #expect(throws: GloveboxError("config.invalid", "")) {
                try APIServer(dispatcher, network: address, logger: Self.logger)
            }
        }
        for text in ["http://example.org", "http://10.0.0.1:80", "https://", "https://a b", "https://a:0", "ftp://a"] {
            #expect(throws: GloveboxError("usage", "")) { try ServerAddress(text) }
        }
        for text in ["http://127.0.0.1:8080", "https://site.example", "https://[::1]:7443", "http://[::1]:80/"] {
            #expect(throws: Never.self) { try ServerAddress(text) }
        }
    }

    /// SHA-256 of a certificate's SubjectPublicKeyInfo, as OpenSSL sees it.
    private static func key(of files: NetworkAddress.TLSFiles) throws -> Digest {
        let text = try TestPrograms.run(
            "/bin/sh",
            [
                "-c",
                "openssl x509 -in \(files.certificate) -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum",
            ]
        ).output
        return try #require(Digest(hex: String(text.prefix(64))))
    }

    private static func connect(_ port: Int) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket, $0, length)
            }
        }
        try #require(connected == 0)
        return socket
    }

    /// Whether the other side closes within half a minute, without an answer of status 200.
    private static func isClosed(_ socket: Int32) async throws -> Bool {
        for _ in 0..<600 {
            var chunk = [UInt8](repeating: 0, count: 4096)
            let got = unsafe recv(socket, &chunk, chunk.count, 0x40)  // MSG_DONTWAIT
            if got == 0 || got < 0 && errno == ECONNRESET { return true }
            if got > 0, String(decoding: chunk[..<got], as: UTF8.self).contains(" 200 ") { return false }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}
