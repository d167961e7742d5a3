package import GloveboxCore

/// Whether trust files may take the place of others that a reader relied on.
///
/// Source: attestation specification, section 7.2.
package enum TrustUpdate {
    /// Checks new trust files against the old ones; gives their version.
    ///
    /// - Throws: `trust.rollback` for a lower version, or when a key that was listed is no longer; `trust.signature` when
    ///   no chain leads from the old root, or when two policies have one version or the chain of policies is broken.
    @discardableResult
    package static func check(
        _ new: [String: [UInt8]],
        after old: [String: [UInt8]]
    ) throws(GloveboxError) -> UInt64 {
        let before = try TrustStore(old)
        let after = try TrustStore(new)
        try before.checkSignature()
        try after.checkSignature()
        try after.checkVersion(seen: before.policy.version, named: 0)
        guard
            RootSuccession.lead(
                after.policy.successions,
                from: before.signingRoot.publicKey,
                to: after.signingRoot.publicKey
            )
        else {
            throw GloveboxError("trust.signature", "no root that was trusted before vouches for the new root")
        }
        let isSame = after.digest == before.digest
        guard after.policy.version != before.policy.version || isSame,
            after.policy.version != before.policy.version + 1 || after.policy.previous == before.digest
        else {
            throw GloveboxError("trust.signature", "the site signed two different policies after the one before")
        }
        guard keeps(before.keys.logs, after.keys.logs), keeps(before.keys.authorities, after.keys.authorities),
            keeps(before.keys.timestamps, after.keys.timestamps),
            keeps(before.keys.timeAuthorities, after.keys.timeAuthorities),
            before.policy.revocations.allSatisfy(after.policy.revocations.contains),
            before.policy.brokers.allSatisfy({ old in
                after.policy.brokers.contains {
                    $0.kekID == old.kekID && $0.validFrom == old.validFrom
                        && (old.validTo == nil || $0.validTo == old.validTo)
                }
            })
        else {
            throw GloveboxError("trust.rollback", "a key or a revocation that was listed before is listed no longer")
        }
        return after.policy.version
    }

    /// Whether every key is still there and counts no longer than it did.
    private static func keeps<Key>(_ old: [DatedKey<Key>], _ new: [DatedKey<Key>]) -> Bool {
        old.allSatisfy { known in
            new.contains { $0.key == known.key && $0.from == known.from && (known.to == nil || $0.to == known.to) }
        }
    }
}
