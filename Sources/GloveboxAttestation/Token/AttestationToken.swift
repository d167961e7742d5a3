package import GloveboxCore

/// A report as an entity attestation token: the same facts for verifiers that read CWT or JWT.
///
/// No token expires: auditors come years later. Source: RFC 9711; attestation specification, section 14.
package struct AttestationToken: Sendable {
    /// Name of the claim that holds the whole predicate, and the profile that says so.
    package static let profile = PredicateType.report.rawValue
    private let report: Report
    private let predicate: JSONValue
    private let payloadDigest: Digest
    private let issuer: String

    /// Takes the claims out of a report's payload.
    ///
    /// - Throws: codes of ``Statement`` and of ``Report``.
    package init(payload: [UInt8], issuer: String) throws(GloveboxError) {
        let statement = try Statement(parsing: payload, expecting: .report)
        report = try Report(predicate: statement.predicate)
        predicate = statement.predicate
        payloadDigest = Report.id(of: payload)
        self.issuer = issuer
    }

    /// Labels of the claims that both forms have: RFC 8392 and RFC 9711.
    enum Label {
        static let issuer: Int64 = 1
        static let subject: Int64 = 2
        static let issuedAt: Int64 = 6
        static let nonce: Int64 = 10
        static let debug: Int64 = 263
        static let profile: Int64 = 265
        static let submodules: Int64 = 266
    }

    // Of the debug states, what a report can know: whether debugging facilities are on.
    private var debugState: (label: Int64, name: String) { report.assurance.debug ? (0, "enabled") : (1, "disabled") }

    private var submodules: JSONValue {
        [
            "container": ["image_digest": .string(report.rootfs.digest.named)],
            "report": ["digest": .string(payloadDigest.named)],
        ]
    }

    /// The claims with their labels.
    var cborPairs: [(CBOR, CBOR)] {
        [
            (.integer(Label.issuer), .text(issuer)), (.integer(Label.subject), .text(report.attester.identity)),
            (.integer(Label.issuedAt), .integer(report.time.end.seconds)),
            (.integer(Label.nonce), .bytes(report.nonce)), (.integer(Label.debug), .integer(debugState.label)),
            (.integer(Label.profile), .text(Self.profile)), (.integer(Label.submodules), CBOR(submodules)),
            (.text(Self.profile), CBOR(predicate)),
        ]
    }

    /// The claims as JSON.
    var jsonClaims: [UInt8] {
        CanonicalJSON.encode([
            "iss": .string(issuer), "sub": .string(report.attester.identity),
            "iat": .integer(report.time.end.seconds), "eat_nonce": .string(Base64.encodeURL(report.nonce)),
            "dbgstat": .string(debugState.name), "eat_profile": .string(Self.profile), "submods": submodules,
            "\(Self.profile)": predicate,
        ])
    }

    /// The protected header: ES256 and nothing else.
    static let protectedHeader = CBOR.map([(.integer(1), .integer(-7))]).encoded

    /// The unprotected header: the key's id.
    static func unprotectedHeader(_ key: VerifyingKey) -> CBOR {
        .map([(.integer(4), .bytes(Hex.decode(key.keyID) ?? []))])
    }

    /// What COSE signs.
    static func toBeSigned(protected: [UInt8], claims: [UInt8]) -> [UInt8] {
        CBOR.array([.text("Signature1"), .bytes(protected), .bytes([]), .bytes(claims)]).encoded
    }

    /// The token as CWT: COSE_Sign1 (RFC 9052) with ES256, the key's id in the unprotected header.
    ///
    /// - Throws: `key.signing`.
    func cwt(key: SigningKey) throws(GloveboxError) -> [UInt8] {
        let claims = CBOR.map(cborPairs).encoded
        let signed = Self.toBeSigned(protected: Self.protectedHeader, claims: claims)
        return CBOR.tagged(
            18,
            .array([
                .bytes(Self.protectedHeader), Self.unprotectedHeader(key.publicKey), .bytes(claims),
                .bytes(try Self.signature(signed, key)),
            ])
        ).encoded
    }

    /// The token as JWT with ES256 (RFC 7519).
    ///
    /// - Throws: `key.signing`.
    func jwt(key: SigningKey) throws(GloveboxError) -> [UInt8] {
        let header = CanonicalJSON.encode([
            "alg": "ES256", "kid": .string(key.publicKey.keyID), "typ": "JWT",
        ])
        let signed = Base64.encodeURL(header) + "." + Base64.encodeURL(jsonClaims)
        return Array((signed + "." + Base64.encodeURL(try Self.signature(Array(signed.utf8), key))).utf8)
    }

    // COSE and JOSE want r and s side by side.
    private static func signature(_ message: [UInt8], _ key: SigningKey) throws(GloveboxError) -> [UInt8] {
        try ECDSASignature.decode(der: key.signature(over: message))
    }
}
