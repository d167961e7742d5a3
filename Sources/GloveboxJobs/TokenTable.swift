package import GloveboxCore

internal import struct Crypto.SHA256

/// Login tokens by id.
///
/// Only the SHA-256 of each secret is kept. Source: job-backend section 4.2.
package struct TokenTable: Sendable, Hashable {
    /// What is kept of one token.
    package struct Entry: Sendable, Hashable {
        /// The public half of the token.
        package let id: String
        /// SHA-256 of the 32 secret bytes.
        package let secret: Digest
        /// Who it logs in.
        package let account: String
        /// When it was made.
        package let created: Instant
        /// From when it is refused.
        package let expires: Instant
        /// What it may be used for.
        package let scopes: Set<Scope>
        /// The key of the client certificate that it is good with; nil when it is not bound to one.
        package let certificate: Digest?
        /// Ranges of addresses that it is good from, in CIDR notation; empty when it is good from anywhere.
        package let networks: [String]

        /// Restores an entry that was kept.
        package init(
            id: String,
            secret: Digest,
            account: String,
            created: Instant,
            expires: Instant,
            scopes: Set<Scope> = .all,
            certificate: Digest? = nil,
            networks: [String] = []
        ) {
            self.networks = networks
            self.id = id
            self.secret = secret
            self.account = account
            self.created = created
            self.expires = expires
            self.scopes = scopes
            self.certificate = certificate
        }
    }

    /// All entries, by id.
    package private(set) var entries: [String: Entry] = [:]

    /// An empty table.
    package init() {}

    /// Makes a token: what to keep, and the text that is shown once.
    ///
    /// `random` is 40 bytes from the operating system: 8 for the id, 32 for the secret.
    ///
    /// - Throws: `internal` when there are not exactly 40 bytes.
    package static func issue(
        account: String,
        at now: Instant,
        days: Int64 = 90,
        scopes: Set<Scope> = .all,
        certificate: Digest? = nil,
        networks: [String] = [],
        random: [UInt8]
    ) throws(GloveboxError) -> (entry: Entry, token: String) {
        guard random.count == 40 else { throw GloveboxError("internal", "a token takes 40 random bytes") }
        let id = Hex.encode(random.prefix(8))
        let secret = Hex.encode(random.dropFirst(8))
        let entry = Entry(
            id: id,
            secret: digest(of: secret),
            account: account,
            created: now,
            expires: now.adding(seconds: min(365, max(1, days)) * 86400),
            scopes: scopes,
            certificate: certificate,
            networks: networks
        )
        return (entry, "gbx_\(id)_\(secret)")
    }

    /// Adds or replaces an entry.
    package mutating func insert(_ entry: Entry) { entries[entry.id] = entry }

    /// Takes back every token of an account.
    package mutating func remove(account: String) {
        entries = entries.filter { !$0.value.account.utf8.elementsEqual(account.utf8) }
    }

    /// Forgets a token; says whether there was one.
    package mutating func remove(id: String) -> Bool { entries.removeValue(forKey: id) != nil }

    /// The account that a token logs in.
    ///
    /// - Throws: `auth.missing`.
    package func account(for token: String, at now: Instant) throws(GloveboxError) -> String {
        try entry(for: token, at: now).account
    }

    /// What is kept of a token that logs someone in.
    ///
    /// Wrong, unknown and expired tokens get the same answer in the same time.
    ///
    /// - Throws: `auth.missing`.
    package func entry(for token: String, at now: Instant) throws(GloveboxError) -> Entry {
        let parts = Self.parts(token)
        let entry = parts.flatMap { entries[$0.id] }
        let offered = Self.digest(of: parts?.secret ?? "")
        let matches = Self.equal(offered.bytes, (entry?.secret ?? .zero).bytes)
        guard matches, let entry, now < entry.expires else {
            throw GloveboxError(
                "auth.missing",
                "the token is not valid",
                hint: "Log in with a token from the operator: glovebox login URL --token-file FILE."
            )
        }
        return entry
    }

    private static func parts(_ token: String) -> (id: String, secret: String)? {
        let utf8 = Array(token.utf8)
        guard utf8.count == 85, utf8.starts(with: "gbx_".utf8), utf8[20] == UInt8(ascii: "_") else { return nil }
        let id = String(decoding: utf8[4..<20], as: UTF8.self)
        let secret = String(decoding: utf8[21...], as: UTF8.self)
        guard Hex.decode(id) != nil, Hex.decode(secret) != nil else { return nil }
        return (id, secret)
    }

    private static func digest(of secret: String) -> Digest {
        Digest(bytes: Array(SHA256.hash(data: Array(secret.utf8)))) ?? .zero
    }

    /// Compares without an early end, so that the time says nothing about where two values differ.
    private static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var difference = UInt8(left.count == right.count ? 0 : 1)
        for (a, b) in zip(left, right) { difference |= a ^ b }
        return difference == 0
    }
}
