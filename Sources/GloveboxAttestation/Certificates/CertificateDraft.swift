internal import FoundationEssentials
internal import GloveboxCore
internal import SwiftASN1
internal import X509

/// A certificate before it is signed.
///
/// The extensions are those of the attestation specification, section 7.1.
struct CertificateDraft {
    /// What the certificate is for.
    enum Role {
        case authority(pathLength: Int)
        case leaf(attester: String, issuer: String)
        case timeStamping
        case node
    }

    /// Key of the subject.
    var publicKey: VerifyingKey
    /// Name of the issuer.
    var issuer: DistinguishedName
    /// Name of the subject; empty for a leaf.
    var subject: DistinguishedName
    /// Start of validity, cut to seconds.
    var notBefore: Instant
    /// End of validity, cut to seconds.
    var notAfter: Instant
    /// Key identifier of the issuer.
    var issuerKeyIdentifier: [UInt8]
    /// What the certificate is for.
    var role: Role
    /// 16 bytes, top bit clear, no leading zero byte.
    var serial = [Hashing.random(1)[0] & 0x3f | 0x40] + Hashing.random(15)
    /// The extension value with the certificate's time stamps.
    var timestamps: [UInt8]?

    /// A distinguished name of the two parts that Glovebox uses.
    ///
    /// - Throws: `cert.issue`.
    static func name(_ organization: String, _ common: String) throws(GloveboxError) -> DistinguishedName {
        do {
            return try DistinguishedName {
                OrganizationName(organization)
                CommonName(common)
            }
        } catch { throw GloveboxError("cert.issue", "the name cannot stand in a certificate") }
    }

    /// A distinguished name of one part.
    ///
    /// - Throws: `cert.issue`.
    static func name(_ common: String) throws(GloveboxError) -> DistinguishedName {
        do { return try DistinguishedName { CommonName(common) } } catch {
            throw GloveboxError("cert.issue", "the name cannot stand in a certificate")
        }
    }

    /// Signs the certificate; gives DER.
    ///
    /// - Throws: `cert.issue`.
    func signed(by key: SigningKey) throws(GloveboxError) -> [UInt8] {
        do {
            let certificate = try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(bytes: serial),
                publicKey: Certificate.PublicKey(derEncoded: publicKey.spki),
                notValidBefore: Date(timeIntervalSince1970: Double(notBefore.seconds)),
                notValidAfter: Date(timeIntervalSince1970: Double(notAfter.seconds)),
                issuer: issuer,
                subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions(extensions),
                issuerPrivateKey: Certificate.PrivateKey(key.key)
            )
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            return serializer.serializedBytes
        } catch {
            throw GloveboxError("cert.issue", "the certificate could not be made: \(error)")
        }
    }

    private var extensions: [Certificate.Extension] {
        get throws {
            let own = SubjectKeyIdentifier(keyIdentifier: publicKey.subjectKeyIdentifier[...])
            let parent = AuthorityKeyIdentifier(keyIdentifier: issuerKeyIdentifier[...])
            var all: [Certificate.Extension] = [
                try Certificate.Extension(own, critical: false), try Certificate.Extension(parent, critical: false),
            ]
            switch role {
            case .authority(let pathLength):
                let constraints = BasicConstraints.isCertificateAuthority(maxPathLength: pathLength)
                all.append(try Certificate.Extension(constraints, critical: true))
                all.append(try Certificate.Extension(KeyUsage(keyCertSign: true, cRLSign: true), critical: true))
            case .timeStamping:
                all.append(try Certificate.Extension(KeyUsage(digitalSignature: true), critical: true))
                all.append(try Certificate.Extension(ExtendedKeyUsage([.timeStamping]), critical: true))
            case .node:
                all.append(try Certificate.Extension(KeyUsage(digitalSignature: true), critical: true))
                all.append(try Certificate.Extension(ExtendedKeyUsage([.clientAuth]), critical: true))
            case .leaf(let attester, let issuer):
                all.append(try Certificate.Extension(KeyUsage(digitalSignature: true), critical: true))
                all.append(try Certificate.Extension(ExtendedKeyUsage([.codeSigning]), critical: false))
                let names = SubjectAlternativeNames([.uniformResourceIdentifier(attester)])
                all.append(try Certificate.Extension(names, critical: true))
                let raw = Array(issuer.utf8)
                all.append(Certificate.Extension(oid: LeafExtension.issuerRaw, critical: false, value: raw[...]))
                let wrapped = DERBytes.wrap(tag: 0x0c, raw)
                all.append(Certificate.Extension(oid: LeafExtension.issuerString, critical: false, value: wrapped[...]))
                if let timestamps {
                    all.append(
                        Certificate.Extension(oid: LeafExtension.timestamps, critical: false, value: timestamps[...])
                    )
                }
            }
            return all
        }
    }
}

/// Object identifiers of the leaf's own extensions.
enum LeafExtension {
    /// Issuer text without a DER wrapper.
    static let issuerRaw: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 57264, 1, 1]
    /// Issuer text as a DER UTF8String.
    static let issuerString: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 57264, 1, 8]
    /// Signed certificate time stamps.
    static let timestamps: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2]
}
