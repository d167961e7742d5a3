import Crypto
import FoundationEssentials
import GloveboxCore
import GloveboxTransparency
import SwiftASN1
import X509

@testable import GloveboxAttestation

/// The keys of a site.
struct Site {
    let root: CertificateAuthority
    let platform: CertificateAuthority
    let timestamps = SigningKey()
    let stamps: (chain: TimestampChain, key: SigningKey)
    let log: NoteSigner

    static let founded = Scenario.start.adding(seconds: -86_400)

    init(rootPathLength: Int = 1, platformPathLength: Int = 0, founded: Instant = founded) throws {
        let now = founded
        if rootPathLength == 1, platformPathLength == 0 {
            root = try CertificateAuthority.makeRoot(site: "hospital-a", now: now)
            platform = try root.makePlatform(site: "hospital-a", now: now)
        } else {
            let name = try CertificateDraft.name("hospital-a", "Glovebox root")
            root = try Self.authority(name, name, SigningKey(), rootPathLength, now, parent: nil)
            let below = try CertificateDraft.name("hospital-a", "Glovebox platform CA")
            platform = try Self.authority(name, below, SigningKey(), platformPathLength, now, parent: root.key)
        }
        log = try NoteSigner.generate(name: Scenario.origin)
        stamps = try TimestampChain.make(site: "hospital-a", now: now)
    }

    private static func authority(
        _ issuer: DistinguishedName,
        _ subject: DistinguishedName,
        _ key: SigningKey,
        _ length: Int,
        _ now: Instant,
        parent: SigningKey?
    ) throws -> CertificateAuthority {
        let draft = CertificateDraft(
            publicKey: key.publicKey,
            issuer: issuer,
            subject: subject,
            notBefore: now,
            notAfter: now.adding(seconds: 86_400 * 300),
            issuerKeyIdentifier: (parent ?? key).publicKey.subjectKeyIdentifier,
            role: .authority(pathLength: length)
        )
        let pem = PEM.encode(try draft.signed(by: parent ?? key), label: "CERTIFICATE")
        return try CertificateAuthority(certificatePEM: pem, keyPEM: key.pem)
    }

    func checkpoint(_ tree: MerkleTree) throws -> [UInt8] {
        try Checkpoint(origin: Scenario.origin, size: tree.size, root: tree.root).signed(by: log)
    }
}

/// How the report's leaf is made; the default is the real issuer, `custom` builds a certificate the issuer never would.
struct LeafSpec {
    let key = SigningKey()
    var attester = Scenario.identity
    var issuer = Scenario.issuer
    var now = Scenario.start.adding(seconds: 59)
    var timestampKey: SigningKey?
    var leaveTimestampOut = false
    var parent: CertificateAuthority?
    var custom: ((LeafSpec, CertificateAuthority) throws -> [UInt8])?

    func issue(site: Site, timestamps: Bool) throws -> [UInt8] {
        let ca = parent ?? site.platform
        if let custom { return try custom(self, ca) }
        let log = timestampKey ?? site.timestamps
        return try ca.issueLeaf(
            for: key.publicKey,
            attester: attester,
            issuer: issuer,
            now: now,
            log: timestamps && !leaveTimestampOut ? log : nil
        )
    }

    /// A leaf with any extensions and any length of life.
    func issue(
        under ca: CertificateAuthority,
        seconds: Int64 = 600,
        keyIdentifier: [UInt8]? = nil,
        usage: KeyUsage = KeyUsage(digitalSignature: true),
        extended: [ExtendedKeyUsage.Usage] = [.codeSigning],
        names: [GeneralName]? = nil,
        namesCritical: Bool = true,
        subject: DistinguishedName = DistinguishedName(),
        more: [Certificate.Extension] = []
    ) throws -> [UInt8] {
        var extensions: [Certificate.Extension] = [
            try Certificate.Extension(
                SubjectKeyIdentifier(keyIdentifier: key.publicKey.subjectKeyIdentifier[...]),
                critical: false
            ),
            try Certificate.Extension(
                AuthorityKeyIdentifier(keyIdentifier: (keyIdentifier ?? ca.subjectKeyIdentifier)[...]),
                critical: false
            ),
            try Certificate.Extension(usage, critical: true),
            try Certificate.Extension(ExtendedKeyUsage(extended), critical: false),
            try Certificate.Extension(
                SubjectAlternativeNames(names ?? [.uniformResourceIdentifier(attester)]),
                critical: namesCritical
            ),
            Certificate.Extension(oid: LeafExtension.issuerRaw, critical: false, value: Array(issuer.utf8)[...]),
            Certificate.Extension(
                oid: LeafExtension.issuerString,
                critical: false,
                value: DERBytes.wrap(tag: 0x0c, Array(issuer.utf8))[...]
            ),
        ]
        extensions += more
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(bytes: [0x41] + Hashing.random(15)),
            publicKey: Certificate.PublicKey(derEncoded: key.publicKey.spki),
            notValidBefore: Date(timeIntervalSince1970: Double(now.seconds - 5)),
            notValidAfter: Date(timeIntervalSince1970: Double(now.seconds + seconds)),
            issuer: try Certificate(derEncoded: ca.certificate).subject,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions(extensions),
            issuerPrivateKey: Certificate.PrivateKey(ca.key.key)
        )
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }
}

/// Changes inside JSON by path.
extension JSONValue {
    mutating func edit(_ path: String..., change: (JSONValue?) -> JSONValue?) { edit(path, change: change) }

    mutating func edit(_ path: [String], change: (JSONValue?) -> JSONValue?) {
        self = changed(path[...], change) ?? .null
    }

    private func changed(_ path: ArraySlice<String>, _ change: (JSONValue?) -> JSONValue?) -> JSONValue? {
        guard let name = path.first else { return change(self) }
        if case .array(var elements) = self, let index = Int(name) {
            if path.count == 1 {
                if let value = change(elements[index]) { elements[index] = value } else { elements.remove(at: index) }
            } else {
                elements[index] = elements[index].changed(path.dropFirst(), change) ?? .null
            }
            return .array(elements)
        }
        guard case .object(var object) = self else { return self }
        if path.count == 1 {
            object[name] = change(object[name])
        } else {
            object[name] = object[name]?.changed(path.dropFirst(), change)
        }
        return .object(object)
    }
}
