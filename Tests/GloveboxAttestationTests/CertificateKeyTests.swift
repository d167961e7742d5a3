import GloveboxAttestation
import GloveboxCore
import TestSupport
import Testing

/// Keys of client certificates.
@Suite struct CertificateKeyTests {
    @Test(arguments: [
        "EC -pkeyopt ec_paramgen_curve:P-256", "EC -pkeyopt ec_paramgen_curve:P-384",
        "RSA -pkeyopt rsa_keygen_bits:2048",
    ])
    func `a certificate's key is named as OpenSSL names it, and proves that it is held`(kind: String) throws {
        let directory = try TestPrograms.scratch()
        let script = """
            cd \(directory) && openssl genpkey -algorithm \(kind) -out key.pem 2>/dev/null &&
            openssl req -x509 -key key.pem -subj /CN=x -days 1 -out cert.pem &&
            openssl pkey -in key.pem -pubout -outform DER | sha256sum && cat key.pem && echo ==== && cat cert.pem
            """
        let made = try TestPrograms.run("/bin/sh", ["-c", script])
        try #require(made.status == 0, "\(made.output)")
        let parts = made.output.split(separator: "====\n")
        try #require(parts.count == 2)
        let lines = parts[0].split(separator: "\n", maxSplits: 1)
        let key = try CertificateKey(certificate: String(parts[1]))
        let signer = try CertificateSigner(pem: String(lines[1]))
        #expect(signer.publicKey == key)
        #expect(key.digest.hex == lines[0].prefix(64))
        #expect(try CertificateKey(spki: key.spki) == key)
        var message = Array("mine".utf8)
        let proof = try signer.signature(over: message)
        #expect(key.isSigner(of: message, signature: proof))
        message[0] ^= 1
        #expect(!key.isSigner(of: message, signature: proof))
        #expect(!key.isSigner(of: Array("mine".utf8), signature: Array(proof.dropLast())))
        #expect(throws: GloveboxError("key.encoding", "")) { try CertificateKey(spki: key.spki + [0]) }
        #expect(throws: GloveboxError("key.encoding", "")) { try CertificateKey(spki: []) }
        #expect(throws: GloveboxError("key.encoding", "")) { try CertificateKey(certificate: "") }
        #expect(throws: GloveboxError("key.encoding", "")) { try CertificateSigner(pem: String(parts[1])) }
    }
}
