internal import GloveboxCore
internal import SwiftASN1
internal import X509

/// An RFC 3161 time stamp over a report's signature, in the one form that Glovebox writes: granted, one signer, ECDSA
/// over SHA-256, no certificates inside.
///
/// Source: RFC 3161 section 2.4.2, RFC 5652 section 5, RFC 5816; attestation specification, section 9.
struct TimestampToken {
    private enum Object {
        static let signedData: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 7, 2]
        static let info: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 16, 1, 4]
        static let sha256: ASN1ObjectIdentifier = [2, 16, 840, 1, 101, 3, 4, 2, 1]
        static let ecdsa: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]
        static let contentType: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 3]
        static let messageDigest: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 4]
        static let signingCertificate: ASN1ObjectIdentifier = [1, 2, 840, 113549, 1, 9, 16, 2, 47]
    }

    private static let refused = GloveboxError("timestamp.invalid", "the time stamp is not in the form of RFC 3161")

    /// When the authority says it saw the bytes.
    let time: Instant
    /// Under which policy it stamped.
    let policy: ASN1ObjectIdentifier
    /// The number from the question, big-endian and of minimal length; nil when there was none.
    let nonce: [UInt8]?
    private let imprint: [UInt8]
    private let info: [UInt8]
    private let attributes: [UInt8]
    private let signature: [UInt8]
    private let signer: (issuer: [UInt8], serial: [UInt8])

    /// Reads a TimeStampResp, DER.
    ///
    /// - Throws: `timestamp.invalid`.
    init(parsing response: [UInt8]) throws(GloveboxError) {
        var top = try DERReader(response, refused: Self.refused)
        var status = try top.nested()
        guard try status.bytes(.integer) == [0] else {
            throw GloveboxError("timestamp.invalid", "the authority granted no time stamp")
        }
        var content = try top.nested()
        try top.finish()
        try content.object(Object.signedData)
        var signed = try content.explicit(0, .sequence)
        try content.finish()
        guard try signed.bytes(.integer) == [3] else { throw Self.refused }
        var digests = try signed.nested(.set)
        try digests.algorithm(Object.sha256)
        try digests.finish()
        var encapsulated = try signed.nested()
        try encapsulated.object(Object.info)
        var octets = try encapsulated.nested(ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific))
        self.info = try octets.bytes(.octetString)
        try octets.finish()
        try encapsulated.finish()
        var signers = try signed.nested(.set)
        try signed.finish()
        var one = try signers.nested()
        try signers.finish()
        guard try one.bytes(.integer) == [1] else { throw Self.refused }
        var name = try one.nested()
        self.signer = (Array(try name.part(.sequence).encodedBytes), try name.bytes(.integer))
        try name.finish()
        try one.algorithm(Object.sha256)
        let implicit = try one.part(ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific))
        // What is signed has the tag of a set, not the implicit one (RFC 5652 section 5.4).
        self.attributes = [0x31] + implicit.encodedBytes.dropFirst()
        try one.algorithm(Object.ecdsa)
        self.signature = try one.bytes(.octetString)
        try one.finish()
        (imprint, time, policy, nonce) = try Self.read(info)
    }

    /// Checks that the authority stamped these bytes while its certificates were valid.
    ///
    /// - Throws: `timestamp.invalid`.
    func check(over message: [UInt8], by signer: ParsedCertificate, root: ParsedCertificate) throws(GloveboxError) {
        guard imprint == Hashing.sha256(message).bytes else {
            throw GloveboxError("timestamp.invalid", "the time stamp is about another signature")
        }
        try checkAttributes(signer)
        var serializer = DER.Serializer()
        do { try serializer.serialize(signer.certificate.issuer) } catch { throw Self.refused }
        guard self.signer.issuer == serializer.serializedBytes,
            self.signer.serial == Array(signer.certificate.serialNumber.bytes)
        else { throw GloveboxError("timestamp.invalid", "the time stamp names another signer than the trust files") }
        do throws(GloveboxError) { try signer.publicKey.check(signature, over: attributes) } catch {
            throw GloveboxError("timestamp.invalid", "the time stamp is not signed by the authority of the trust files")
        }
        guard signer.isSigned(by: root), root.isSigned(by: root), signer.isFor(alone: .timeStamping) else {
            throw GloveboxError("timestamp.invalid", "the authority's certificate is not one for time stamps")
        }
        for certificate in [signer, root]
        where time < certificate.notBefore || certificate.notAfter.adding(seconds: 1) <= time {
            throw GloveboxError("timestamp.invalid", "the authority's certificates were not valid at \(time)")
        }
    }

    // Content type, digest of the stamped facts, and the signer's certificate: once each, and nothing signed besides that
    // would change their meaning.
    private func checkAttributes(_ signer: ParsedCertificate) throws(GloveboxError) {
        var reader = try DERReader(attributes, .set, refused: Self.refused)
        var found: [ASN1ObjectIdentifier] = []
        while var attribute = try reader.optionalNested() {
            let object = try attribute.anyObject()
            var values = try attribute.nested(.set)
            try attribute.finish()
            guard !found.contains(object) else { throw Self.refused }
            found.append(object)
            switch object {
            case Object.contentType: try values.object(Object.info)
            case Object.messageDigest:
                guard try values.bytes(.octetString) == Hashing.sha256(info).bytes else { throw Self.refused }
            case Object.signingCertificate:
                var list = try values.nested()
                var certificates = try list.nested()
                var certificate = try certificates.nested()
                let digest = try certificate.bytes(.octetString)
                guard digest == Hashing.sha256(signer.der).bytes else { throw Self.refused }
            default: continue
            }
            try values.finish()
        }
        try reader.finish()
        for needed in [Object.contentType, Object.messageDigest, Object.signingCertificate]
        where !found.contains(needed) { throw Self.refused }
    }

    private static func read(
        _ info: [UInt8]
    ) throws(GloveboxError) -> (imprint: [UInt8], time: Instant, policy: ASN1ObjectIdentifier, nonce: [UInt8]?) {
        var fields = try DERReader(info, refused: refused)
        guard try fields.bytes(.integer) == [1] else { throw refused }
        let policy = try fields.anyObject()
        var imprint = try fields.nested()
        try imprint.algorithm(Object.sha256)
        let digest = try imprint.bytes(.octetString)
        try imprint.finish()
        _ = try fields.bytes(.integer)
        let text = String(decoding: try fields.bytes(.generalizedTime), as: UTF8.self)
        guard let time = instant(text) else { throw refused }
        // Accuracy, ordering, name and extensions may stand around the nonce; none of them changes what was stamped when.
        _ = fields.optional(.sequence)
        _ = fields.optional(.boolean)
        return (digest, time, policy, try fields.optionalBytes(.integer))
    }

    // `20260102030405Z`, with or without a fraction of a second, which is cut off.
    private static func instant(_ text: String) -> Instant? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let rest = text.utf8.dropFirst(digits.count)
        guard digits.count == 14, rest.elementsEqual("Z".utf8) || rest.first == UInt8(ascii: ".") && rest.last == 0x5a
        else { return nil }
        let parts = [0..<4, 4..<6, 6..<8, 8..<10, 10..<12, 12..<14].map { range in
            String(decoding: Array(digits)[range], as: UTF8.self)
        }
        return Instant("\(parts[0])-\(parts[1])-\(parts[2])T\(parts[3]):\(parts[4]):\(parts[5])Z")
    }
}
