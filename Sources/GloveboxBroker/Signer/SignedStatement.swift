package import GloveboxAttestation
internal import GloveboxCore

/// A statement as its leaf signed it.
package struct SignedStatement: Sendable {
    /// The signed statement.
    package let envelope: Envelope
    /// The leaf's certificate, DER.
    package let certificate: [UInt8]
    /// RFC 3161 response over the signature, DER; nil for what is no report, and while another operator is to be asked.
    package let timestamp: [UInt8]?
    /// The same report as CWT and as JWT, where they were wanted.
    package let tokens: (cwt: [UInt8], jwt: [UInt8])?

    init(
        envelope: Envelope,
        certificate: [UInt8],
        timestamp: [UInt8]?,
        tokens: (cwt: [UInt8], jwt: [UInt8])? = nil
    ) {
        (self.envelope, self.certificate, self.timestamp, self.tokens) = (envelope, certificate, timestamp, tokens)
    }

    /// The same with another operator's stamp.
    package func stamped(_ response: [UInt8]) -> SignedStatement {
        SignedStatement(envelope: envelope, certificate: certificate, timestamp: response, tokens: tokens)
    }

    /// Reads the form of ``json``.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "signed")
        func optional(_ name: String) throws(GloveboxError) -> [UInt8]? {
            guard let value = fields.optional(name) else { return nil }
            guard let bytes = value.string.flatMap(Base64.decode) else {
                throw GloveboxError("base64.invalid", "\(name) is not strict base64")
            }
            return bytes
        }
        envelope = try Envelope(parsing: fields.base64("envelope"))
        certificate = try fields.base64("certificate")
        timestamp = try optional("timestamp")
        let (cwt, jwt) = (try optional("cwt"), try optional("jwt"))
        tokens = cwt.flatMap { cwt in jwt.map { (cwt, $0) } }
        try fields.finish()
    }

    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("envelope", .string(Base64.encode(envelope.bytes))),
            ("certificate", .string(Base64.encode(certificate))),
        ]
        for (name, bytes) in [("timestamp", timestamp), ("cwt", tokens?.cwt), ("jwt", tokens?.jwt)] {
            if let bytes { members.append((name, .string(Base64.encode(bytes)))) }
        }
        return .object(JSONObject(members))
    }
}
