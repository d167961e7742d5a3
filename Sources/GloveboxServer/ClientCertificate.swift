internal import GloveboxCore
internal import NIOCore
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// What a client's certificate says, once TLS has verified it against the operator's authority.
enum ClientCertificate {
    /// The common name of the peer of a connection; nil without a certificate, or one that names nobody or several.
    static func name(of channel: (any Channel)?) async -> String? {
        guard let channel else { return nil }
        do {
            guard let certificate = try await channel.nioSSL_peerCertificate().get() else { return nil }
            return try name(in: certificate.toDERBytes())
        } catch { return nil }
    }

    /// The one common name in a certificate's subject.
    static func name(in der: [UInt8]) throws -> String? {
        let subject = try Certificate(derEncoded: der).subject
        let names = subject.flatMap { Array($0) }.filter { $0.type == .RDNAttributeType.commonName }
        guard names.count == 1 else { return nil }
        return String(names[0].value)
    }
}
