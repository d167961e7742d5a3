package import GloveboxCore
internal import GloveboxJobs

/// `POST /accounts/{id}/certificates`: binds the key of a client's certificate to an account.
package struct EnrollCertificateRequest: APIValue {
    /// Whose key it is; the proof is good for this account alone.
    package let account: String
    /// SubjectPublicKeyInfo, DER.
    package let spki: [UInt8]
    /// The signature over ``message(account:spki:)``.
    package let proof: [UInt8]

    /// Offers a key with the proof that its private half is held.
    package init(account: String, spki: [UInt8], proof: [UInt8]) {
        self.account = account
        self.spki = spki
        self.proof = proof
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "certificate")
        self.account = try fields.string("account")
        self.spki = try fields.base64("spki")
        self.proof = try fields.base64("proof")
        try fields.finish()
        guard spki.count <= 2048, proof.count <= 2048 else {
            throw GloveboxError("limit.exceeded", "spki and proof have at most 2048 bytes each")
        }
    }

    package var json: JSONValue {
        [
            "account": .string(account), "spki": .string(Base64.encode(spki)), "proof": .string(Base64.encode(proof)),
        ]
    }

    /// What the proof signs: `glovebox-certificate/1`, the account and the SubjectPublicKeyInfo in hex, joined by line
    /// feeds.
    package static func message(account: String, spki: [UInt8]) -> [UInt8] {
        Array("glovebox-certificate/1\n\(account)\n\(Hex.encode(spki))".utf8)
    }
}

/// A certificate's key that is or was bound to an account.
package struct CertificateInfo: APIValue {
    /// SHA-256 of the SubjectPublicKeyInfo.
    package let spki: Digest
    /// When it was enrolled.
    package let enrolled: Instant
    /// Whether it no longer counts.
    package let isRevoked: Bool

    /// Describes a key.
    package init(spki: Digest, enrolled: Instant, isRevoked: Bool) {
        self.spki = spki
        self.enrolled = enrolled
        self.isRevoked = isRevoked
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "certificate")
        self.spki = try fields.namedDigest("spki")
        self.enrolled = try fields.instant("enrolled")
        self.isRevoked = try fields.bool("revoked")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "spki": .string(spki.named), "enrolled": .string(enrolled.description), "revoked": .bool(isRevoked),
        ]
    }
}
