internal import Crypto
package import GloveboxCore
internal import SwiftASN1
internal import X509

/// A node's request to be certified: its name, its key, and the proof that it holds the key's private half.
///
/// Source: RFC 2986 (PKCS #10). Of what a request may ask beside name and key nothing is taken over.
package struct NodeRequest: Sendable {
    /// Greatest length of a request, in bytes.
    private static let limit = 4096
    private static let label = CertificateSigningRequest.defaultPEMDiscriminator

    /// DER.
    package let der: [UInt8]
    /// What the node is called.
    package let name: String
    /// The node's key.
    package let key: VerifyingKey

    /// Reads and checks a request.
    ///
    /// - Throws: `node.request` unless it is of version 1, for a P-256 key that signed it by ECDSA with SHA-256, and its
    ///   subject is one common name of lower-case letters, digits and dashes.
    package init(der: [UInt8]) throws(GloveboxError) {
        func refused(_ why: String) -> GloveboxError {
            GloveboxError("node.request", "the request to certify a node \(why)")
        }
        guard der.count <= Self.limit else { throw refused("is longer than \(Self.limit) bytes") }
        let request: CertificateSigningRequest
        do { request = try CertificateSigningRequest(derEncoded: der) } catch {
            throw refused("is not a PKCS #10 certification request in DER")
        }
        guard let key = P256.Signing.PublicKey(request.publicKey), request.version == .v1,
            request.signatureAlgorithm == .ecdsaWithSHA256
        else { throw refused("is not for a P-256 key, or not signed by ECDSA with SHA-256") }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw refused("is not signed by the key that it names")
        }
        // A bit string that leaves bits out says the same in other bytes.
        let signature = DERBytes.wrap(tag: 0x03, [0] + request.signature.rawRepresentation)
        guard der.suffix(signature.count).elementsEqual(signature) else { throw refused("is not in DER") }
        guard let name = request.subject.nodeName else {
            throw refused("does not name the node: wanted is one common name of lower-case letters, digits and dashes")
        }
        self.der = der
        self.name = name
        self.key = try VerifyingKey(spki: Array(key.derRepresentation))
    }

    /// Reads and checks a request in PEM.
    ///
    /// - Throws: `node.request`.
    package init(pem: [UInt8]) throws(GloveboxError) {
        let der: [UInt8]
        do throws(GloveboxError) { der = try PEM.decode(pem, label: Self.label) } catch {
            throw GloveboxError("node.request", error.message)
        }
        try self.init(der: der)
    }

    /// Makes a node's request.
    ///
    /// - Throws: `node.request` for a name that no node may have.
    package static func make(name: String, key: SigningKey) throws(GloveboxError) -> NodeRequest {
        do {
            let request = try CertificateSigningRequest(
                version: .v1,
                subject: CertificateDraft.name(name),
                privateKey: Certificate.PrivateKey(key.key),
                attributes: CertificateSigningRequest.Attributes([]),
                signatureAlgorithm: .ecdsaWithSHA256
            )
            var serializer = DER.Serializer()
            try serializer.serialize(request)
            return try NodeRequest(der: serializer.serializedBytes)
        } catch let error as GloveboxError { throw error } catch {
            throw GloveboxError("node.request", "the request could not be made: \(error)")
        }
    }

    /// PEM text with its final newline.
    package var pem: [UInt8] { PEM.encode(der, label: Self.label) }
}

extension DistinguishedName {
    /// The name of a node, where this is one and nothing else.
    var nodeName: String? {
        guard count == 1, let part = first, part.count == 1, let attribute = part.first,
            attribute.type == .RDNAttributeType.commonName, let name = String(attribute.value),
            Identifier.isHostLabel(name)
        else { return nil }
        return name
    }
}
