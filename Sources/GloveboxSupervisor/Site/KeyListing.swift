internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxJobs
internal import GloveboxStore

/// The keys of a site and of its people, with periods and revocations, as `keys list` shows them.
package struct KeyListing: Sendable {
    /// One key.
    package struct Line: Sendable {
        /// A ``KeyUse``, `tpm` for an attestation key, or a role.
        package let use: String
        /// Account of a person; nil for a key of the site.
        package let account: String?
        /// SHA-256 of the SPKI, or the key id of an Ed25519 key.
        package let key: String
        package let from: Instant
        /// Until when it counts, exclusive; nil while it is in force.
        package let to: Instant?
        /// From when it is revoked, and why.
        package let revoked: (from: Instant, reason: String)?
    }

    /// The lines: the site's keys by use, newest first, then people's.
    package let lines: [Line]
    /// Version of the published trust policy.
    package let trustVersion: UInt64
    /// Whether that policy says what stands here.
    package let isTrustCurrent: Bool
    /// Whether the root's key is on the site.
    package let isRootOnline: Bool

    /// Reads them from a stopped site.
    ///
    /// - Throws: `log.*`, `storage.*`.
    package init(_ layout: SiteLayout) throws(GloveboxError) {
        let site = try Site(opening: layout, tpm: TPMChoice.none, meetingBroker: false)
        defer { site.log.close() }
        let (accounts, revocations) = site.read { state in
            (state.accounts.values.sorted { $0.id < $1.id }, state.revocations)
        }
        func revoked(_ key: String) -> (from: Instant, reason: String)? {
            revocations.filter { $0.key.hex == key }.min { $0.from < $1.from }.map {
                ($0.from, $0.reason?.rawValue ?? "")
            }
        }
        var lines: [Line] = []
        for use in KeyUse.allCases {
            for entry in site.keys.record.all(use) {
                let key = entry.key.hex
                lines.append(
                    Line(
                        use: use.rawValue,
                        account: nil,
                        key: key,
                        from: entry.from,
                        to: entry.to,
                        revoked: revoked(key)
                    )
                )
            }
        }
        for key in try site.publishedTrust()?.policy.attestationKeys ?? [] {
            lines.append(
                Line(
                    use: "tpm",
                    account: nil,
                    key: key.digest.hex,
                    from: key.validFrom ?? Instant(seconds: 0),
                    to: key.validTo,
                    revoked: revoked(key.digest.hex)
                )
            )
        }
        for account in accounts {
            let roles = account.roles.map(\.rawValue).sorted().joined(separator: ",")
            for (key, since, _) in account.keys {
                lines.append(
                    Line(
                        use: roles,
                        account: account.id,
                        key: key.keyID,
                        from: since,
                        to: nil,
                        revoked: revoked(key.keyID)
                    )
                )
            }
        }
        self.lines = lines
        trustVersion = try site.trustVersion()
        isTrustCurrent = try site.isTrustCurrent()
        isRootOnline = site.keys.root != nil
    }

    /// For programs.
    package var json: JSONValue {
        let keys: [JSONValue] = lines.map { line in
            var members: [(String, JSONValue)] = [
                ("use", .string(line.use)), ("key", .string(line.key)), ("from", .string(line.from.text)),
            ]
            if let account = line.account { members.append(("account", .string(account))) }
            if let to = line.to { members.append(("to", .string(to.text))) }
            if let revoked = line.revoked {
                members.append(
                    ("revoked", ["from": .string(revoked.from.text), "reason": .string(revoked.reason)])
                )
            }
            return .object(JSONObject(members))
        }
        return [
            "keys": .array(keys), "rootOnline": .bool(isRootOnline),
            "trustPolicy": ["version": .string(String(trustVersion)), "current": .bool(isTrustCurrent)],
        ]
    }

    /// For people: one line a key.
    package var text: [String] {
        let rows = lines.map { line in
            var state = line.to.map { "until \($0)" } ?? "in force"
            if let revoked = line.revoked { state = "revoked from \(revoked.from), \(revoked.reason)" }
            let who = line.account.map { " " + $0 } ?? ""
            return "\(line.use)\(who)  \(line.key)  from \(line.from)  \(state)"
        }
        let root = isRootOnline ? "the root's key is on this site" : "the root's key is kept off this site"
        let policy = isTrustCurrent ? "says this" : "waits for 'glovebox keys sign'"
        return rows + ["trust policy \(trustVersion) \(policy); \(root)"]
    }
}
