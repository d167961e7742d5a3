import Glibc
import GloveboxCore
import GloveboxLink
import GloveboxLinux
import Synchronization
import TestSupport
import Testing

/// Two ends of TLS on this machine, with certificates that OpenSSL made.
struct SecureLinkTests {
    private let directory: String

    init() throws {
        directory = try TestPrograms.scratch()
        for name in ["site", "node", "other"] {
            let made = try TestPrograms.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                    "\(directory)/\(name).key", "-out", "\(directory)/\(name).pem",
                ]
            )
            try #require(made.status == 0, "\(made.output)")
            #expect(unsafe chmod("\(directory)/\(name).key", 0o600) == 0)
        }
    }

    private func credentials(_ name: String) throws -> LinkCredentials {
        try LinkCredentials(certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key")
    }

    /// What came in, and what it showed.
    private final class Arrivals: Sendable {
        let links = Mutex<[(LinkSocket, [UInt8])]>([])
        func one() throws -> (LinkSocket, [UInt8]) {
            #expect(eventually { links.withLock { !$0.isEmpty } })
            return try #require(links.withLock { $0.popLast() })
        }
    }

    private func listen(_ arrivals: Arrivals, accepts: @escaping @Sendable ([UInt8]) -> Bool) throws -> LinkListener {
        try LinkListener(host: "127.0.0.1", port: 0, credentials: credentials("site"), accepts: accepts) {
            link,
            shown in
            arrivals.links.withLock { $0.append((link, shown)) }
        }
    }

    @Test func `what one end sends the other gets, both ways, under certificates that each has seen`() throws {
        let arrivals = Arrivals()
        let listener = try listen(arrivals) { !$0.isEmpty }
        defer { listener.close() }
        let near = try LinkSocket.connected(
            host: "127.0.0.1",
            port: listener.port,
            credentials: credentials("node"),
            authorities: directory + "/site.pem"
        )
        let (far, shown) = try arrivals.one()
        let convert = ["x509", "-in", directory + "/node.pem", "-outform", "der", "-out", directory + "/node.der"]
        let der = try TestPrograms.run("/usr/bin/openssl", convert)
        #expect(der.status == 0)
        #expect(try Descriptor.open(directory + "/node.der", O_RDONLY).readAll(limit: 4096) == shown)
        // More than any buffer on the way holds.
        let piece = [UInt8](repeating: 9, count: 200_000)
        let sender = Sender(near, piece, count: 100)
        sender.start()
        for _ in 0..<100 { #expect(try far.receive(milliseconds: 10_000) == LinkFrame(.data, piece)) }
        try far.send(.message, [1, 2])
        #expect(try near.receive(milliseconds: 10_000) == LinkFrame(.message, [1, 2]))
        near.close()
        #expect(eventually { far.isClosed })
        guard case .closed = try far.wait(milliseconds: 10_000) else { throw GloveboxError("test", "not closed") }
    }

    @Test func `what a process says last before it ends is heard`() async throws {
        let arrivals = Arrivals()
        let listener = try listen(arrivals) { _ in true }
        defer { listener.close() }
        for _ in 0..<10 {
            await #expect(processExitsWith: .success) {
                [directory = directory as String, port = listener.port as Int] in
                let link = try LinkSocket.connected(
                    host: "127.0.0.1",
                    port: port,
                    credentials: LinkCredentials(certificate: directory + "/node.pem", key: directory + "/node.key"),
                    authorities: directory + "/site.pem"
                )
                for _ in 0..<4 { try link.send(.data, [UInt8](repeating: 7, count: 40_000)) }
                try link.send(.message, [1])
                link.finish(milliseconds: 10_000)
                _exit(0)
            }
            let (far, _) = try arrivals.one()
            for _ in 0..<4 { #expect(try far.receive(milliseconds: 10_000).kind == .data) }
            #expect(try far.receive(milliseconds: 10_000) == LinkFrame(.message, [1]))
            guard case .closed = try far.wait(milliseconds: 10_000) else { throw GloveboxError("test", "not closed") }
        }
    }

    @Test func `a certificate that is not accepted brings nobody in`() throws {
        let arrivals = Arrivals()
        let listener = try listen(arrivals) { _ in false }
        defer { listener.close() }
        // TLS 1.3 lets a client speak before its certificate was looked at.
        do {
            let link = try LinkSocket.connected(
                host: "127.0.0.1",
                port: listener.port,
                credentials: credentials("node"),
                authorities: directory + "/site.pem"
            )
            do { try link.send(.message, [1]) } catch {}
            #expect(throws: LinkSocket.lost) { try link.receive(milliseconds: 10_000) }
        } catch let error as GloveboxError { #expect(error.code == "link.refused") }
        #expect(arrivals.links.withLock { $0.isEmpty })
    }

    @Test func `a site with another certificate than the node was told of is refused`() throws {
        let listener = try listen(Arrivals()) { _ in true }
        defer { listener.close() }
        #expect(throws: GloveboxError("link.refused", "")) {
            try LinkSocket.connected(
                host: "127.0.0.1",
                port: listener.port,
                credentials: credentials("node"),
                authorities: directory + "/other.pem"
            )
        }
    }

    @Test func `someone without TLS, or without a certificate, is not let in and keeps nobody out`() throws {
        let arrivals = Arrivals()
        let listener = try listen(arrivals) { _ in true }
        defer { listener.close() }
        let script =
            "exec 3<>/dev/tcp/127.0.0.1/\(listener.port); head -c 100000 /dev/urandom >&3; "
            + "timeout 5 cat <&3 >/dev/null; true"
        _ = try TestPrograms.run("/bin/bash", ["-c", script])
        let client = "openssl s_client -connect 127.0.0.1:\(listener.port) -CAfile \(directory)/site.pem"
        let bare = try TestPrograms.run("/bin/sh", ["-c", "echo | timeout 5 \(client) 2>&1"])
        #expect(bare.output.contains("CONNECTED"))
        #expect(arrivals.links.withLock { $0.isEmpty })
        let link = try LinkSocket.connected(
            host: "localhost",
            port: listener.port,
            credentials: credentials("node"),
            authorities: directory + "/site.pem"
        )
        _ = try arrivals.one()
        withExtendedLifetime(link) {}
    }

    @Test func `a key that others can read is refused`() throws {
        #expect(unsafe chmod(directory + "/node.key", 0o644) == 0)
        #expect(throws: GloveboxError("link.credentials", "")) { try credentials("node") }
    }
}

/// Sends on a thread of its own.
private final class Sender: Sendable {
    private let link: LinkSocket
    private let piece: [UInt8]
    private let count: Int

    init(_ link: LinkSocket, _ piece: [UInt8], count: Int) {
        (self.link, self.piece, self.count) = (link, piece, count)
    }

    func start() {
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(self)
        unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let sender = unsafe Unmanaged<Sender>.fromOpaque(argument).takeRetainedValue()
                do { for _ in 0..<sender.count { try sender.link.send(.data, sender.piece) } } catch {}
                return nil
            },
            box.toOpaque()
        )
        pthread_detach(thread)
    }
}
