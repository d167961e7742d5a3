import Crypto
import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// Published values of the attestation specification.
@Suite struct KnownAnswerTests {
    @Test func `pre-authentication encoding of an empty object`() {
        let pae = DSSE.pae(type: DSSE.statementType, body: Array("{}".utf8))
        #expect(String(decoding: pae, as: UTF8.self) == "DSSEv1 28 application/vnd.in-toto+json 2 {}")
        #expect(Hashing.sha256(pae).hex == "4842cb1ba6fed6e460d8a0d56f6b64ccf1f1e11f7714a7f282080d5780251b63")
    }

    @Test func `key id of an Ed25519 key`() throws {
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: (0..<32).map { UInt8($0) })
        let person = try PersonKey(bytes: Array(key.publicKey.rawRepresentation))
        #expect(person.hex == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8")
        #expect(person.keyID == "63d00ee3cf4f5c61ad94efa696c68f13b608fe56ecea13fb144a6fd18e9235b9")
    }

    @Test func `key id of a P-256 key`() throws {
        let key = try P256.Signing.PrivateKey(rawRepresentation: (1...32).map { UInt8($0) })
        let signer = try SigningKey(pem: Array(key.pemRepresentation.utf8))
        #expect(signer.publicKey.keyID == "673eba86c2f651036e40f6a801495a4d6704a1a6762edc295489d99d62bb764a")
    }

    @Test func `salted commitment to hello`() {
        let commitment = Commitment.salted(Array("hello".utf8), salt: (0..<32).map { UInt8($0) })
        #expect(commitment.value.hex == "5ab0f659b39aa48cec77d006885111e784f7f6fb9b363e8f5937e12e9ee4d1f8")
    }

    @Test func `code.digests has one form`() throws {
        let digests = CodeDigests(
            nar: Scenario.digest("a"),
            gitTree: Scenario.digest("b"),
            dirHash: Scenario.digest("c")
        )
        #expect(try CodeDigests(line: digests.line) == digests)
        for wrong in [Array(digests.line.dropLast()), digests.line + [10], [32] + digests.line] {
            #expect(throws: GloveboxError("code.mismatch", "")) { try CodeDigests(line: wrong) }
        }
    }
}
