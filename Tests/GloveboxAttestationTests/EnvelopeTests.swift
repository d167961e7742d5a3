import Crypto
import GloveboxCore
import Testing

@testable import GloveboxAttestation

@Suite struct EnvelopeTests {
    private static let order: [UInt8] =
        Hex.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551") ?? []

    private func der(_ r: [UInt8], _ s: [UInt8]) -> [UInt8] {
        let body = [2, UInt8(r.count)] + r + [2, UInt8(s.count)] + s
        return [0x30, UInt8(body.count)] + body
    }

    @Test func `a signature is low and survives both directions`() throws {
        let key = SigningKey()
        for index in 0..<64 {
            let message = Array("message \(index)".utf8)
            let signature = try key.signature(over: message)
            try key.publicKey.check(signature, over: message)
            let raw = try ECDSASignature.decode(der: signature)
            #expect(ECDSASignature.encode(raw: raw) == signature)
            #expect(raw[32] < 0x80)
        }
    }

    @Test func `a high s is made low, and a reader accepts either`() throws {
        let key = SigningKey()
        let message = Array("m".utf8)
        let low = try ECDSASignature.decode(der: try key.signature(over: message))
        var high = Array(low.prefix(32))
        var borrow = 0
        var flipped = [UInt8](repeating: 0, count: 32)
        for index in stride(from: 31, through: 0, by: -1) {
            let value = Int(Self.order[index]) - Int(low[32 + index]) - borrow
            borrow = value < 0 ? 1 : 0
            flipped[index] = UInt8(truncatingIfNeeded: value)
        }
        high += flipped
        #expect(ECDSASignature.encode(raw: high) == ECDSASignature.encode(raw: low))
        let s = Array(flipped.drop { $0 == 0 })
        let r = Array(low.prefix(32).drop { $0 == 0 })
        func integer(_ v: [UInt8]) -> [UInt8] { v[0] >= 0x80 ? [0] + v : v }
        try key.publicKey.check(der(integer(r), integer(s)), over: message)
    }

    @Test(
        arguments: [
            [0x30, 6, 2, 1, 0, 2, 1, 1],  // r = 0
            [0x30, 6, 2, 1, 1, 2, 1, 0],  // s = 0
            [0x30, 7, 2, 2, 0, 1, 2, 1, 1],  // padded
            [0x30, 6, 2, 1, 0x81, 2, 1, 1],  // negative
            [0x30, 6, 2, 1, 1, 2, 1, 1, 0],  // trailing
            [0x30, 0x81, 6, 2, 1, 1, 2, 1, 1],  // long length
            [0x31, 6, 2, 1, 1, 2, 1, 1],  // not a sequence
            [0x30, 3, 2, 1, 1], [0x30, 6, 2, 0, 2, 2, 1, 1], [],
        ] as [[UInt8]]
    )
    func `refuses DER that is not one minimal pair`(bytes: [UInt8]) {
        #expect(throws: GloveboxError("envelope.signature-encoding", "")) { try ECDSASignature.decode(der: bytes) }
    }

    @Test func `accepts the smallest pair`() throws {
        #expect(try ECDSASignature.decode(der: [0x30, 6, 2, 1, 1, 2, 1, 1]).filter { $0 != 0 } == [1, 1])
    }

    @Test func `an envelope survives both directions`() throws {
        let envelope = try PersonSigner().sign(Array("{}".utf8))
        let again = try Envelope(parsing: envelope.bytes)
        #expect(again.bytes == envelope.bytes)
        #expect(again.payload == Array("{}".utf8))
    }

    @Test func `a person's key file survives both directions and is three lines`() throws {
        let signer = PersonSigner()
        let text = String(decoding: signer.pem, as: UTF8.self)
        #expect(text.split(separator: "\n").count == 3)
        #expect(try PersonSigner(pem: signer.pem).publicKey == signer.publicKey)
        #expect(throws: GloveboxError("key.encoding", "")) { try PersonSigner(pem: SigningKey().pem) }
        #expect(throws: GloveboxError("pem.invalid", "")) { try PersonSigner(pem: signer.pem + [10]) }
    }

    @Test func `a P-256 key file survives both directions`() throws {
        let key = SigningKey()
        #expect(try SigningKey(pem: key.pem).publicKey == key.publicKey)
        #expect(try VerifyingKey(pem: key.publicKey.pem) == key.publicKey)
    }

    @Test func `a signature belongs to one key, one type and one payload`() throws {
        let signer = PersonSigner()
        let envelope = try signer.sign([1, 2, 3])
        #expect(signer.publicKey.isSigner(of: envelope))
        #expect(!PersonSigner().publicKey.isSigner(of: envelope))
        let other = Envelope(
            payloadType: TrustPolicy.payloadType,
            payload: [1, 2, 3],
            keyID: envelope.keyID,
            signature: envelope.signature
        )
        #expect(!signer.publicKey.isSigner(of: other))
    }

    @Test func `a leaf key signs and is gone`() throws {
        let leaf = JobLeaf()
        let key = leaf.publicKey
        let envelope = try leaf.sign(Array("{}".utf8))
        try key.check(envelope.signature, over: envelope.pae)
    }
}
