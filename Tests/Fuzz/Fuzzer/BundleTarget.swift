import GloveboxCore
import GloveboxTransparency

@testable import GloveboxAttestation

/// The Sigstore bundle and what stands in it: envelope, log entry, time stamp, certificate; and the EAT forms.
enum BundleTarget: FuzzTarget {
    static let name = "bundle"

    private static let key = SigningKey()

    static var seeds: [[UInt8]] {
        let envelope = Envelope(
            payloadType: DSSE.statementType,
            payload: Array("{}".utf8),
            keyID: key.publicKey.keyID,
            signature: [0x30, 6, 2, 1, 1, 2, 1, 1]
        )
        let body = HashedRekord.body(paeDigest: .zero, signature: envelope.signature, certificate: [0x30, 0])
        let proof: JSONValue = [
            "logIndex": "3", "treeSize": "4", "rootHash": .string(Base64.encode([UInt8](repeating: 1, count: 32))),
            "hashes": [.string(Base64.encode([UInt8](repeating: 2, count: 32)))],
            "checkpoint": ["envelope": "example.org/log\n4\nAAAA\n\n\u{2014} example.org/log AAAA\n"],
        ]
        let entry: JSONValue = [
            "logIndex": "3", "logId": ["keyId": .string(Base64.encode([UInt8](repeating: 3, count: 32)))],
            "kindVersion": ["kind": "hashedrekord", "version": "0.0.2"], "inclusionProof": proof,
            "canonicalizedBody": .string(Base64.encode(body)),
        ]
        let bundle: JSONValue = [
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope.json,
            "verificationMaterial": [
                "certificate": ["rawBytes": "MAA="], "tlogEntries": [entry],
                "timestampVerificationData": ["rfc3161Timestamps": [["signedTimestamp": "MAA="]]],
            ],
        ]
        let token = CBOR.tagged(18, .array([.bytes([0xa1, 1, 0x26]), .map([(.integer(4), .bytes([1]))]), .null]))
        return [CanonicalJSON.encode(bundle), envelope.bytes, body, token.encoded, [0x30, 3, 2, 1, 0]]
    }

    static func read(_ bytes: [UInt8]) {
        do { _ = try SigstoreBundle.parse(bytes) } catch {}
        do {
            let envelope = try Envelope(parsing: bytes)
            let again = try Envelope(parsing: envelope.bytes)
            precondition(again.pae == envelope.pae, "the envelope changes on its way")
        } catch {}
        do { _ = try HashedRekord.parse(bytes) } catch {}
        do { _ = try TimestampToken(parsing: bytes) } catch {}
        do { _ = try ParsedCertificate(bytes) } catch {}
        do {
            let raw = try ECDSASignature.decode(der: bytes)
            precondition(raw.count == 64, "a signature is not 64 bytes")
        } catch {}
        // One value, one encoding.
        do {
            let value = try CBORReader.read(bytes)
            precondition(value.encoded == bytes, "the CBOR has two forms")
        } catch {}
    }
}
