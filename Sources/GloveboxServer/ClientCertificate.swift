internal import Crypto
internal import GloveboxCore
internal import NIOCore
internal import NIOSSL

/// What a client's certificate says, once TLS has verified it against the operator's authority.
enum ClientCertificate {
    /// SHA-256 of the SubjectPublicKeyInfo that the peer of a connection proved to hold the key of; nil without one.
    static func key(of channel: (any Channel)?) async -> GloveboxCore.Digest? {
        guard let channel else { return nil }
        do {
            guard let certificate = try await channel.nioSSL_peerCertificate().get() else { return nil }
            return GloveboxCore.Digest(
                bytes: Array(SHA256.hash(data: try certificate.extractPublicKey().toSPKIBytes()))
            )
        } catch { return nil }
    }
}
