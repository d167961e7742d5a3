package import GloveboxCore

/// Who says what needs the word of two owners, when and why: the part that such statements have in common.
///
/// Source: release policy sections 6.6 and 9.4.
package struct OwnerWord: Sendable {
    /// Most bytes of a reason.
    private static let longest = 4096

    /// 32 random bytes, by which statements of the same words differ.
    package var salt: [UInt8]
    /// Account id of the owner.
    package var account: String
    /// The owner's key.
    package var keyID: String
    /// When, in whole seconds.
    package var time: Instant
    /// Why; both owners give the same reason.
    package var reason: String

    /// A word with a fresh salt.
    package init(account: String, keyID: String, time: Instant, reason: String) {
        salt = Hashing.random(32)
        (self.account, self.keyID, self.reason) = (account, keyID, reason)
        self.time = Instant(seconds: time.seconds)
    }

    /// Takes the members of a predicate.
    ///
    /// - Throws: codes of the strict reader; `schema.value` for a reason that is blank or too long.
    init(reading fields: inout JSONFields) throws(GloveboxError) {
        salt = try fields.random32("salt")
        account = try fields.string("owner")
        keyID = try fields.digestHex("keyid").hex
        time = try fields.time("time")
        reason = try fields.string("reason")
        guard reason.utf8.contains(where: { $0 > 0x20 }), reason.utf8.count <= Self.longest else {
            throw GloveboxError("schema.value", "an owner's reason has 1 to \(Self.longest) bytes")
        }
    }

    /// The members of a predicate.
    var members: [(String, JSONValue)] {
        [
            ("salt", .string(Base64.encodeURL(salt))), ("owner", .string(account)), ("keyid", .string(keyID)),
            ("time", .string(time.text)), ("reason", .string(reason)),
        ]
    }

    /// Whether it is the same owner's with another reason, who may change their mind until the second has spoken.
    package func replaces(_ first: OwnerWord) -> Bool { account == first.account && !isSameReason(first) }

    /// Holds a second owner's word against the first's.
    ///
    /// - Throws: `approval.separation` for the same person or key, `object.conflict` for another reason.
    package func seconds(_ first: OwnerWord) throws(GloveboxError) {
        guard account != first.account, keyID != first.keyID else {
            throw GloveboxError("approval.separation", "this needs the word of a second owner")
        }
        guard isSameReason(first) else {
            throw GloveboxError(
                "object.conflict",
                "the first owner's reason is another: \(Display.escape(first.reason))",
                hint: "Sign the same reason, or have the first owner sign yours."
            )
        }
    }

    private func isSameReason(_ other: OwnerWord) -> Bool { reason.utf8.elementsEqual(other.reason.utf8) }
}
