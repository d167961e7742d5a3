internal import COpenSSL
internal import Crypto
package import GloveboxCore

/// An RFC 3161 authority in this process, on OpenSSL's own implementation.
///
/// It shows when something existed only as far as its holder is trusted. Source: attestation specification, section 9.
package struct TimestampAuthority: Sendable {
    /// A policy of the arc for examples, 2.999: nobody has published one.
    private static let policy = "2.999.1"
    // TimeStampReq, version 1, up to the 32 bytes of a SHA-256; neither nonce nor certificate is asked for.
    private static let query: [UInt8] = [
        0x30, 0x36, 2, 1, 1, 0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20,
    ]
    private let certificate: [UInt8]
    private let key: [UInt8]

    /// Takes up an authority: its certificate and its private key (PKCS #8), both DER.
    ///
    /// The first stamp tells whether they belong together.
    package init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }

    /// Stamps bytes with the time of day; gives a granted TimeStampResp, DER, without certificates.
    ///
    /// - Throws: `timestamp.authority`, with what OpenSSL says.
    package func stamp(_ message: [UInt8]) throws(GloveboxError) -> [UInt8] {
        let signer = try StampSigner(certificate: certificate, key: key, policy: Self.policy)
        return try signer.answer(Self.query + Array(SHA256.hash(data: message)))
    }
}
