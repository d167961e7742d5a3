package import GloveboxCore

/// The key of one report: made in memory, certified, used once, gone.
///
/// The type cannot be copied, and signing consumes it.
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
}
