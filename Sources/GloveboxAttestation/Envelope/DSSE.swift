package import GloveboxCore

/// The signature envelope of every statement: what is signed is the type and the bytes, never a parsed value.
///
/// Source: DSSE v1; attestation specification, section 3.
package enum DSSE {
    /// Payload type of in-toto statements.
    package static let statementType = "application/vnd.in-toto+json"

    /// The bytes that are signed: `DSSEv1`, then length and content of the type and of the body.
    package static func pae(type: String, body: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(type.utf8.count) \(type) \(body.count) ".utf8) + body
    }
}

/// A DSSE envelope with exactly one signature.
package struct Envelope: Sendable {
    /// What the payload is; read before the payload is.
    package let payloadType: String
    /// The signed bytes.
    package let payload: [UInt8]
    /// A hint to the signer's key.
    ///
    /// Not authenticated.
    package let keyID: String
    /// The signature over ``pae``: DER for P-256, 64 bytes for Ed25519.
    package let signature: [UInt8]

    /// Puts an envelope together.
    package init(payloadType: String, payload: [UInt8], keyID: String, signature: [UInt8]) {
        self.payloadType = payloadType
        self.payload = payload
        self.keyID = keyID
        self.signature = signature
    }

    /// Reads an envelope strictly.
    ///
    /// - Throws: codes of the strict reader, `base64.invalid`, `envelope.payload-type`, `envelope.signature-count`.
    package init(parsing bytes: [UInt8], expecting type: String = DSSE.statementType) throws(GloveboxError) {
        try self.init(reading: JSONReader.read(bytes), expecting: type)
    }

    /// Reads an envelope that stands inside another file.
    ///
    /// - Throws: `base64.invalid`, `envelope.payload-type`, `envelope.signature-count`, `schema.…`.
    init(reading value: JSONValue, expecting type: String = DSSE.statementType) throws(GloveboxError) {
        var fields = try JSONFields(value, at: "envelope")
        let payloadType = try fields.string("payloadType")
        guard payloadType.utf8.elementsEqual(type.utf8) else {
            throw GloveboxError("envelope.payload-type", "the payload type is not \(type)")
        }
        let payload = try fields.base64("payload")
        let signatures = try fields.array("signatures")
        try fields.finish()
        guard let first = signatures.first, signatures.count == 1 else {
            throw GloveboxError(
                "envelope.signature-count",
                "an envelope has exactly one signature, not \(signatures.count)"
            )
        }
        var signature = try JSONFields(first, at: "signatures[0]")
        self.init(
            payloadType: payloadType,
            payload: payload,
            keyID: try signature.digestHex("keyid").hex,
            signature: try signature.base64("sig")
        )
        try signature.finish()
    }

    /// The bytes under the signature.
    package var pae: [UInt8] { DSSE.pae(type: payloadType, body: payload) }

    /// SHA-256 of the payload: the name of what was signed.
    ///
    /// Never the hash of the envelope, which is not unique.
    package var payloadDigest: Digest { Hashing.sha256(payload) }

    /// The JSON form.
    var json: JSONValue {
        [
            "payload": .string(Base64.encode(payload)), "payloadType": .string(payloadType),
            "signatures": [["keyid": .string(keyID), "sig": .string(Base64.encode(signature))]],
        ]
    }

    /// The envelope as JSON.
    package var bytes: [UInt8] { CanonicalJSON.encode(json) }
}
