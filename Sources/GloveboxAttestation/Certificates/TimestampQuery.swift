package import GloveboxCore
internal import SwiftASN1

/// A question to another operator's time-stamping authority: an RFC 3161 TimeStampReq with a nonce, and what makes an answer
/// acceptable.
///
/// Source: RFC 3161, sections 2.2 and 2.4.1; attestation specification, section 9.
package struct TimestampQuery: Sendable {
    private static let nonceBytes = 16
    private let message: [UInt8]
    private let policy: ASN1ObjectIdentifier?
    private let nonce: [UInt8]

    /// Asks about bytes; the authority is to answer under that policy (dotted decimal), if one is given.
    ///
    /// - Throws: `config.invalid` for what is no object identifier.
    package init(over message: [UInt8], policy: String?) throws(GloveboxError) {
        self.message = message
        self.policy = try policy.map { text throws(GloveboxError) in try Self.object(text) }
        // Positive and of minimal length, as DER wants it.
        nonce = (0..<Self.nonceBytes).map { UInt8.random(in: $0 == 0 ? 1...0x7f : 0...0xff) }
    }

    /// Reads an object identifier in dotted decimal.
    ///
    /// - Throws: `config.invalid`.
    package static func checkPolicy(_ text: String) throws(GloveboxError) { _ = try object(text) }

    /// The TimeStampReq, DER; certificates are not asked for.
    package var bytes: [UInt8] {
        func sequence(_ content: [UInt8]) -> [UInt8] { DERBytes.wrap(tag: 0x30, content) }
        let sha256 = sequence(DERBytes.wrap(tag: 6, [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]) + [5, 0])
        let imprint = sequence(sha256 + DERBytes.wrap(tag: 4, Hashing.sha256(message).bytes))
        let named = policy.map { DERBytes.wrap(tag: 6, Self.content(of: $0)) } ?? []
        return sequence([2, 1, 1] + imprint + named + DERBytes.wrap(tag: 2, nonce))
    }

    /// Checks that an answer is a stamp over these bytes for this question, made by that authority in the life of a leaf.
    ///
    /// What the answer passes here, ``ReportVerifier`` accepts.
    ///
    /// - Parameters:
    ///   - response: TimeStampResp, DER.
    ///   - authority: whose stamps are believed.
    ///   - leaf: certificate of the leaf that signed the bytes, DER.
    /// - Throws: `timestamp.invalid`, `timestamp.outside-cert`, `cert.chain`.
    package func check(_ response: [UInt8], by authority: TimestampChain, leaf: [UInt8]) throws(GloveboxError) {
        let token = try TimestampToken(parsing: response)
        try token.check(
            over: message,
            by: ParsedCertificate(authority.signer),
            root: ParsedCertificate(authority.root)
        )
        guard token.nonce == nonce else {
            throw GloveboxError("timestamp.invalid", "the time stamp answers another question: its nonce differs")
        }
        guard policy.map({ $0 == token.policy }) ?? true else {
            throw GloveboxError("timestamp.invalid", "the time stamp is under another policy than the one asked for")
        }
        let leaf = try ParsedCertificate(leaf)
        guard leaf.notBefore <= token.time, token.time < leaf.notAfter.adding(seconds: 1) else {
            throw GloveboxError("timestamp.outside-cert", "the time stamp is of \(token.time), outside the leaf's life")
        }
    }

    private static func object(_ text: String) throws(GloveboxError) -> ASN1ObjectIdentifier {
        let refused = GloveboxError(
            "config.invalid",
            "\(Display.escape(text)) is no object identifier in dotted decimal"
        )
        // The library takes arcs that have no form in DER.
        let arcs = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            UInt64(part).flatMap { String($0).utf8.elementsEqual(part.utf8) ? $0 : nil }
        }
        guard text.utf8.count <= 64, arcs.count > 1, let root = arcs[0], let second = arcs[1], root <= 2,
            root == 2 || second < 40, arcs.allSatisfy({ $0 != nil })
        else { throw refused }
        do { return try ASN1ObjectIdentifier(dotRepresentation: text) } catch { throw refused }
    }

    private static func content(of object: ASN1ObjectIdentifier) -> [UInt8] {
        var serializer = DER.Serializer()
        // An object identifier that was read has a DER form.
        do { try serializer.serialize(object) } catch { preconditionFailure("\(error)") }
        return Array(serializer.serializedBytes.dropFirst(2))
    }
}
