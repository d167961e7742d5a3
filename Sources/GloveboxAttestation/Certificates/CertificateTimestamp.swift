internal import GloveboxCore
internal import SwiftASN1
internal import X509

/// A signed certificate time stamp (RFC 6962 section 3.2), embedded in the leaf that it speaks about.
enum CertificateTimestamp {
    /// Makes the extension value: an OCTET STRING of a list with one time stamp.
    ///
    /// `tbs` is the certificate's signed part without this extension. Throws `key.signing`.
    static func make(
        over tbs: [UInt8],
        issuer: VerifyingKey,
        key: SigningKey,
        now: Instant
    ) throws(GloveboxError) -> [UInt8] {
        let time = DERBytes.bigEndian(UInt64(max(0, now.milliseconds)), bytes: 8)
        let signature = try key.signature(over: message(tbs: tbs, issuer: issuer, time: time))
        let head = [0] + key.publicKey.digest.bytes + time + [0, 0, 4, 3]
        let stamp = head + DERBytes.bigEndian(UInt64(signature.count), bytes: 2) + signature
        let entry = DERBytes.bigEndian(UInt64(stamp.count), bytes: 2) + stamp
        return DERBytes.wrap(tag: 4, DERBytes.bigEndian(UInt64(entry.count), bytes: 2) + entry)
    }

    /// Checks the one time stamp of a leaf, and returns its time.
    ///
    /// - Throws: `cert.sct-missing`, `cert.sct-invalid`.
    static func check(
        _ leaf: ParsedCertificate,
        issuer: VerifyingKey,
        key: VerifyingKey
    ) throws(GloveboxError) -> Instant {
        guard let value = leaf.value(of: LeafExtension.timestamps) else {
            throw GloveboxError("cert.sct-missing", "the leaf carries no certificate time stamp")
        }
        let refused = GloveboxError(
            "cert.sct-invalid",
            "the certificate time stamp is not from the key in the trust files"
        )
        guard value.count > 53, value.count < 0x7f + 2 || value[1] == 0x81 else { throw refused }
        let body = Array(value.dropFirst(value[1] == 0x81 ? 3 : 2))
        guard DERBytes.wrap(tag: 4, body) == value, body.count > 51 else { throw refused }
        let stamp = Array(body.dropFirst(4))
        let time = Array(stamp[33..<41])
        let signature = Array(stamp.dropFirst(47))
        let sizes = [body.count - 2, body.count - 4, signature.count].flatMap {
            DERBytes.bigEndian(UInt64($0), bytes: 2)
        }
        guard Array(body[0..<4]) == Array(sizes[0..<4]), Array(stamp[45..<47]) == Array(sizes[4..<6]),
            Array(stamp[0..<33]) == [0] + key.digest.bytes, Array(stamp[41..<45]) == [0, 0, 4, 3],
            let bare = withoutTimestamps(leaf.tbs)
        else { throw refused }
        do throws(GloveboxError) {
            try key.check(signature, over: message(tbs: bare, issuer: issuer, time: time))
        } catch { throw refused }
        return Instant(milliseconds: time.reduce(Int64(0)) { $0 &<< 8 | Int64($1) })
    }

    /// The key that a leaf's time stamp names: SHA-256 of its SPKI; nil without a time stamp.
    static func key(namedIn leaf: ParsedCertificate) -> Digest? {
        guard let value = leaf.value(of: LeafExtension.timestamps), value.count > 53 else { return nil }
        // Tag and length of the OCTET STRING, lengths of list and time stamp, version.
        let start = (value[1] == 0x81 ? 3 : 2) + 5
        return Digest(bytes: Array(value[start..<start + 32]))
    }

    private static func message(tbs: [UInt8], issuer: VerifyingKey, time: [UInt8]) -> [UInt8] {
        [0, 0] + time + [0, 1] + issuer.digest.bytes + DERBytes.bigEndian(UInt64(tbs.count), bytes: 3) + tbs + [0, 0]
    }

    // Takes the time stamp extension out of the signed part: what the time stamp was made over.
    private static func withoutTimestamps(_ tbs: [UInt8]) -> [UInt8]? {
        do {
            guard case .constructed(let parts) = try DER.parse(tbs).content else { return nil }
            var content: [UInt8] = []
            for part in parts {
                guard part.identifier == ASN1Identifier(tagWithNumber: 3, tagClass: .contextSpecific) else {
                    content += part.encodedBytes
                    continue
                }
                guard case .constructed(let wrapper) = part.content, let list = Array(wrapper).first,
                    case .constructed(let extensions) = list.content
                else { return nil }
                var kept: [UInt8] = []
                for node in extensions {
                    let member = try Certificate.Extension(derEncoded: node)
                    if member.oid != LeafExtension.timestamps { kept += node.encodedBytes }
                }
                content += DERBytes.wrap(tag: 0xa3, DERBytes.wrap(tag: 0x30, kept))
            }
            return DERBytes.wrap(tag: 0x30, content)
        } catch { return nil }
    }
}
