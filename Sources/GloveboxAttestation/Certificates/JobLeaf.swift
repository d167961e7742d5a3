package import GloveboxCore

/// The key of one report: made in memory, certified, used once, gone.
///
/// The type cannot be copied, and signing consumes it, whatever forms of the one report it signs.
package struct JobLeaf: ~Copyable, Sendable {
    private let key: SigningKey

    /// Makes a key.
    package init() { self.key = SigningKey() }

    /// The public half, to be certified by ``CertificateAuthority/issueLeaf(for:attester:issuer:now:log:)``.
    package var publicKey: VerifyingKey { key.publicKey }

    /// Signs the one payload and ends the key's life.
    ///
    /// - Throws: `key.signing`.
    package consuming func sign(_ payload: [UInt8]) throws(GloveboxError) -> Envelope { try key.sign(payload) }

    /// As ``sign(_:)``, with the same report as CWT and as JWT beside it.
    ///
    /// - Throws: `key.signing`; codes of ``AttestationToken``.
    package consuming func sign(
        _ payload: [UInt8],
        tokensBy issuer: String
    ) throws(GloveboxError) -> (envelope: Envelope, cwt: [UInt8], jwt: [UInt8]) {
        let token = try AttestationToken(payload: payload, issuer: issuer)
        return (try key.sign(payload), try token.cwt(key: key), try token.jwt(key: key))
    }
}
