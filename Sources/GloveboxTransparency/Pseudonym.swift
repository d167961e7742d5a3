internal import Crypto
internal import GloveboxCore

/// Names of people in public leaves: a keyed hash that only the holder of the key can link to the person.
///
/// Source: transparency-log specification, section 9.
package enum Pseudonym {
    private static let purpose = Array("glovebox/subject/v1\0".utf8)

    /// `hmac-sha256:<hex>` of the identifier under the subject's own key, which is derived from the site's root key.
    package static func make(_ identifier: String, root: [UInt8]) -> String {
        let subject = Array(identifier.utf8)
        let key = HMAC<SHA256>.authenticationCode(for: purpose + subject, using: SymmetricKey(data: root))
        let tag = HMAC<SHA256>.authenticationCode(for: subject, using: SymmetricKey(data: Array(key)))
        return "hmac-sha256:" + Hex.encode(Array(tag))
    }
}
