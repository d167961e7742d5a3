import Glibc
import GloveboxCore
import TestSupport
import Testing

@testable import GloveboxAttestation

/// Requests and certificates of nodes.
@Suite struct NodeCertificateTests {
    private static let now = Instant("2026-11-28T12:00:00Z") ?? Instant(seconds: 0)

    /// A root with a node CA and a platform CA below it.
    private static func authorities() throws -> (
        root: CertificateAuthority, nodes: CertificateAuthority, platform: CertificateAuthority
    ) {
        let root = try CertificateAuthority.makeRoot(site: "t", now: now)
        return (root, try root.makeNodes(site: "t", now: now), try root.makePlatform(site: "t", now: now))
    }

    /// A request in PEM by OpenSSL for a key of some kind.
    private static func openssl(_ kind: String, _ options: String) throws -> [UInt8] {
        let directory = try TestPrograms.scratch()
        let script = """
            cd \(directory) && openssl genpkey -algorithm \(kind) -out key.pem 2>/dev/null &&
            openssl req -new -key key.pem \(options) -out request.pem && cat request.pem
            """
        let made = try TestPrograms.run("/bin/sh", ["-c", script])
        try #require(made.status == 0, "\(made.output)")
        return Array(made.output.utf8)
    }

    private static func refuses(_ pem: [UInt8], _ words: String) {
        let refusal = #expect(throws: GloveboxError("node.request", "")) { try NodeRequest(pem: pem) }
        #expect(refusal?.message.contains(words) == true, "\(refusal?.message ?? "") is not about: \(words)")
    }

    @Test func `a request counts when the key that it names signed it, and no byte of it may change`() throws {
        let key = SigningKey()
        let request = try NodeRequest.make(name: "blade-7", key: key)
        #expect(request.name == "blade-7" && request.key == key.publicKey)
        let again = try NodeRequest(pem: request.pem)
        #expect(again.der == request.der && again.name == request.name && again.key == request.key)
        for index in request.der.indices {
            var changed = request.der
            changed[index] ^= 1
            #expect(throws: GloveboxError("node.request", ""), "byte \(index)") { try NodeRequest(der: changed) }
        }
        #expect(throws: GloveboxError("node.request", "")) { try NodeRequest(der: request.der + [0]) }
        #expect(throws: GloveboxError("node.request", "")) { try NodeRequest(der: Array(request.der.dropLast())) }
        Self.refuses(request.pem + [10], "PEM")
        Self.refuses([], "PEM")
        #expect(throws: GloveboxError("node.request", "")) {
            try NodeRequest(der: [UInt8](repeating: 0x30, count: 5000))
        }
    }

    @Test func `a request of OpenSSL's is read, for a P-256 key and one plain name alone`() throws {
        let curve = "EC -pkeyopt ec_paramgen_curve:P-256"
        #expect(try NodeRequest(pem: Self.openssl(curve, "-subj /CN=blade-7")).name == "blade-7")
        let greedy = try Self.openssl(curve, "-subj /CN=blade-7 -addext basicConstraints=critical,CA:TRUE")
        #expect(try NodeRequest(pem: greedy).name == "blade-7")
        for subject in [
            "/", "/O=blade-7", "/CN=blade-7/O=t", "/O=t/CN=blade-7", "/CN=Blade-7", "/CN=blade_7", "/CN=blade.7",
            "/CN=-blade", "/CN=blade-", "/CN=blade\u{fc}", "/CN=" + String(repeating: "a", count: 64),
        ] { Self.refuses(try Self.openssl(curve, "-utf8 -subj '\(subject)'"), "does not name the node") }
        let most = String(repeating: "a", count: 63)
        #expect(try NodeRequest(pem: Self.openssl(curve, "-subj /CN=\(most)")).name == most)
        Self.refuses(try Self.openssl("RSA -pkeyopt rsa_keygen_bits:2048", "-subj /CN=a"), "P-256")
        Self.refuses(try Self.openssl("EC -pkeyopt ec_paramgen_curve:P-384", "-subj /CN=a"), "P-256")
        Self.refuses(try Self.openssl("ED25519", "-subj /CN=a"), "P-256")
        Self.refuses(try Self.openssl(curve, "-sha384 -subj /CN=a"), "SHA-256")
    }

    @Test func `a node's certificate is a TLS client's, and what the node CA did not issue is none`() throws {
        let (root, nodes, platform) = try Self.authorities()
        let request = try NodeRequest.make(name: "blade-7", key: SigningKey())
        let end = Self.now.adding(seconds: 90 * 86400)
        // What the request asks for beside is not granted.
        let greedy = try NodeRequest(
            pem: Self.openssl(
                "EC -pkeyopt ec_paramgen_curve:P-256",
                "-subj /CN=blade-8 -addext basicConstraints=critical,CA:TRUE"
            )
        )
        for asked in [request, greedy] {
            let issued = try nodes.issueNode(asked, now: Self.now, notAfter: end)
            let read = try NodeCertificate(issued, issuedBy: [platform.certificate, nodes.certificate])
            #expect(read.name == asked.name && read.key == asked.key.digest)
            #expect(read.notAfter == end && read.notBefore == Self.now.adding(seconds: -5))
            try Self.expectClient(issued, nodes, root)
            #expect(throws: GloveboxError("node.certificate", "")) {
                try NodeCertificate(issued, issuedBy: [platform.certificate, root.certificate])
            }
            #expect(throws: GloveboxError("node.certificate", "")) { try NodeCertificate(issued, issuedBy: []) }
            for index in issued.indices.suffix(64) {
                var changed = issued
                changed[index] ^= 1
                #expect(throws: GloveboxError("node.certificate", ""), "byte \(index)") {
                    try NodeCertificate(changed, issuedBy: [nodes.certificate])
                }
            }
        }
        // Another certificate by either CA, and a node's that is shown as a report's leaf.
        let leaf = try platform.issueLeaf(
            for: request.key,
            attester: "https://t.example/a",
            issuer: "https://t.example",
            now: Self.now,
            log: nil
        )
        let odd = try nodes.issueLeaf(
            for: request.key,
            attester: "https://t.example/a",
            issuer: "https://t.example",
            now: Self.now,
            log: nil
        )
        for other in [leaf, odd, nodes.certificate, root.certificate, [], [0x30, 0x00]] {
            #expect(throws: GloveboxError("node.certificate", "")) {
                try NodeCertificate(other, issuedBy: [nodes.certificate, platform.certificate, root.certificate])
            }
        }
        let twin = try root.makeNodes(site: "t", now: Self.now)
        let foreign = try twin.issueNode(request, now: Self.now, notAfter: end)
        #expect(throws: GloveboxError("node.certificate", "")) {
            try NodeCertificate(foreign, issuedBy: [nodes.certificate])
        }
        let last = try CertificateAuthority.end(of: nodes.certificate)
        #expect(last == Self.now.adding(seconds: 730 * 86400))
        _ = try nodes.issueNode(request, now: Self.now, notAfter: last)
        for wrong in [last.adding(seconds: 1), Self.now] {
            #expect(throws: GloveboxError("cert.issue", "")) {
                try nodes.issueNode(request, now: Self.now, notAfter: wrong)
            }
        }
    }

    /// Has OpenSSL verify a chain for a client of TLS, and refuse it for a server and for another CA.
    private static func expectClient(
        _ leaf: [UInt8],
        _ nodes: CertificateAuthority,
        _ root: CertificateAuthority
    ) throws {
        let directory = try TestPrograms.scratch()
        for (name, der) in [("leaf", leaf), ("nodes", nodes.certificate), ("root", root.certificate)] {
            let text = String(decoding: PEM.encode(der, label: "CERTIFICATE"), as: UTF8.self)
            try #require(
                try TestPrograms.run("/bin/sh", ["-c", "printf %s '\(text)' > \(directory)/\(name).pem"]).status == 0
            )
        }
        func verify(_ purpose: String) throws -> Int32 {
            try TestPrograms.run(
                "/usr/bin/openssl",
                ["verify", "-attime", "\(now.seconds + 60)", "-x509_strict", "-purpose", purpose]
                    + ["-CAfile", directory + "/root.pem", "-untrusted", directory + "/nodes.pem"]
                    + [directory + "/leaf.pem"]
            ).status
        }
        #expect(try verify("sslclient") == 0)
        #expect(try verify("sslserver") != 0)
        #expect(try verify("timestampsign") != 0)
    }
}
