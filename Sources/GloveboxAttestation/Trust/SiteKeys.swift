package import GloveboxCore
package import GloveboxTransparency

/// A key of a site with the period in which its signatures count.
package struct DatedKey<Key: Sendable & Hashable>: Sendable, Hashable {
    /// The key, or the certificates that speak for it.
    package let key: Key
    /// From when.
    package let from: Instant
    /// Until when, exclusive; nil while it is in use.
    package let to: Instant?

    /// Dates a key, in whole seconds.
    package init(_ key: Key, from: Instant, to: Instant? = nil) {
        self.key = key
        self.from = Instant(seconds: from.seconds)
        self.to = to.map { Instant(seconds: $0.seconds) }
    }

    /// Whether a signature at that time counts.
    package func isValid(at time: Instant) -> Bool { from <= time && to.map { time < $0 } ?? true }

    /// Whether its time had not ended, for keys that speak about what was before them, too.
    package func isNotEnded(at time: Instant) -> Bool { to.map { time < $0 } ?? true }

    var validFor: JSONValue { .members([("start", .string(from.text)), ("end", to.map { .string($0.text) })]) }

    /// Reads `validFor`; nil when it has no start or no valid time.
    init?(_ key: Key, validFor: JSONValue?) {
        guard let from = validFor?["start"]?.string.flatMap({ Instant($0) }) else { return nil }
        var to: Instant?
        if let end = validFor?["end"] {
            guard let time = end.string.flatMap({ Instant($0) }) else { return nil }
            to = time
        }
        self.init(key, from: from, to: to)
    }
}

/// A platform CA with the root above it, each DER.
package struct AuthorityChain: Sendable, Hashable {
    /// Certificate of the platform CA.
    package let platform: [UInt8]
    /// Certificate of its root.
    package let root: [UInt8]

    /// Names both.
    package init(platform: [UInt8], root: [UInt8]) {
        self.platform = platform
        self.root = root
    }
}

/// The public keys of a site, as the sigstore files list them; of each use the one in force first, then the earlier ones.
package struct SiteKeys: Sendable {
    /// Keys of the log, at least one; their name is the origin.
    package var logs: [DatedKey<NoteKey>]
    /// CAs of the leaves; the root of the first signs the trust policy.
    package var authorities: [DatedKey<AuthorityChain>]
    /// Keys that sign certificate time stamps; none when the site makes none.
    package var timestamps: [DatedKey<VerifyingKey>]
    /// RFC 3161 authorities; none when the site has none.
    package var timeAuthorities: [DatedKey<TimestampChain>]
    /// The log's key in force.
    package var log: NoteKey { logs[0].key }
    /// From when the first of the log's keys is valid.
    package var validFrom: Instant { logs[logs.count - 1].from }
    /// The log policy file with witnesses and quorum; nil when the log has none.
    package var witnessing: [UInt8]?

    /// Lists the keys of a site with their periods.
    package init(
        logs: [DatedKey<NoteKey>],
        authorities: [DatedKey<AuthorityChain>],
        timestamps: [DatedKey<VerifyingKey>],
        timeAuthorities: [DatedKey<TimestampChain>],
        witnessing: [UInt8]? = nil
    ) {
        self.logs = logs
        self.authorities = authorities
        self.timestamps = timestamps
        self.timeAuthorities = timeAuthorities
        self.witnessing = witnessing
    }

    /// Lists the keys of a site that never changed one.
    package init(
        log: NoteKey,
        root: [UInt8],
        platform: [UInt8],
        timestamps: VerifyingKey?,
        timeAuthority: TimestampChain? = nil,
        validFrom: Instant
    ) {
        self.init(
            logs: [DatedKey(log, from: validFrom)],
            authorities: [DatedKey(AuthorityChain(platform: platform, root: root), from: validFrom)],
            timestamps: timestamps.map { [DatedKey($0, from: validFrom)] } ?? [],
            timeAuthorities: timeAuthority.map { [DatedKey($0, from: validFrom)] } ?? []
        )
    }

    private var url: JSONValue { .string("https://\(log.name)") }
    private var validFor: JSONValue { ["start": .string(validFrom.text)] }

    /// The bytes of `trusted_root.json`.
    package var trustedRootFile: [UInt8] { CanonicalJSON.encode(trustedRoot) }

    var trustedRoot: JSONValue {
        [
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": .array(logs.map(transparencyLog)),
            "certificateAuthorities": .array(
                authorities.map { authority("Glovebox platform CA", [$0.key.platform, $0.key.root], $0.validFor) }
            ),
            "ctlogs": .array(timestamps.map(timestampLog)),
            "timestampAuthorities": .array(
                timeAuthorities.map {
                    authority("Glovebox time-stamping authority", [$0.key.signer, $0.key.root], $0.validFor)
                }
            ),
        ]
    }

    var trustConfig: JSONValue {
        [
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", "trustedRoot": trustedRoot,
            "signingConfig": [
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "caUrls": [], "oidcUrls": [],
                "rekorTlogUrls": [
                    ["url": url, "majorApiVersion": 2, "validFor": validFor, "operator": .string(log.name)]
                ], "rekorTlogConfig": ["selector": "ANY"], "tsaUrls": [], "tsaConfig": ["selector": "ANY"],
            ],
        ]
    }

    /// One log; no quorum unless the site has witnesses.
    var logPolicy: [UInt8] {
        if let witnessing { return witnessing }
        return Array((logs.map { "log \($0.key.vkey) https://\($0.key.name)\n" }.joined() + "quorum none\n").utf8)
    }

    private func authority(_ name: String, _ chain: [[UInt8]], _ validFor: JSONValue) -> JSONValue {
        [
            "subject": ["organization": .string(log.name), "commonName": .string(name)], "uri": url,
            "certChain": ["certificates": .array(chain.map { ["rawBytes": .string(Base64.encode($0))] })],
            "validFor": validFor,
        ]
    }

    private func transparencyLog(_ dated: DatedKey<NoteKey>) -> JSONValue {
        [
            "baseUrl": url, "hashAlgorithm": "SHA2_256",
            "publicKey": publicKey(dated.key.spki, "PKIX_ED25519", dated.validFor),
            "logId": ["keyId": .string(Base64.encode(dated.key.logID))],
        ]
    }

    private func timestampLog(_ dated: DatedKey<VerifyingKey>) -> JSONValue {
        [
            "baseUrl": url, "hashAlgorithm": "SHA2_256",
            "publicKey": publicKey(dated.key.spki, "PKIX_ECDSA_P256_SHA_256", dated.validFor),
            "logId": ["keyId": .string(Base64.encode(dated.key.digest.bytes))],
        ]
    }

    private func publicKey(_ spki: [UInt8], _ details: String, _ validFor: JSONValue) -> JSONValue {
        ["rawBytes": .string(Base64.encode(spki)), "keyDetails": .string(details), "validFor": validFor]
    }
}

extension SiteKeys {
    /// Takes the keys out of `trusted_root.json`; the caller compares the whole file with what those keys would give.
    ///
    /// - Throws: `schema.missing-field`, `cert.chain`, `envelope.algorithm`.
    init(reading root: JSONValue, logs named: [NoteKey]) throws(GloveboxError) {
        let missing = GloveboxError(
            "schema.missing-field",
            "trusted_root.json lists no log, no certificate chain, or a key without a period"
        )
        var logs: [DatedKey<NoteKey>] = []
        for (key, entry) in zip(named, root["tlogs"]?.array ?? []) {
            guard let dated = DatedKey(key, validFor: entry["publicKey"]?["validFor"]) else { throw missing }
            logs.append(dated)
        }
        var authorities: [DatedKey<AuthorityChain>] = []
        for entry in root["certificateAuthorities"]?.array ?? [] {
            let chain = try Self.chain(entry, missing)
            guard let dated = DatedKey(AuthorityChain(platform: chain.0, root: chain.1), validFor: entry["validFor"])
            else { throw missing }
            authorities.append(dated)
        }
        var timestamps: [DatedKey<VerifyingKey>] = []
        for entry in root["ctlogs"]?.array ?? [] {
            let key = entry["publicKey"]
            guard let spki = key?["rawBytes"]?.string.flatMap(Base64.decode),
                let dated = DatedKey(try VerifyingKey(spki: spki), validFor: key?["validFor"])
            else { throw missing }
            timestamps.append(dated)
        }
        var timeAuthorities: [DatedKey<TimestampChain>] = []
        for entry in root["timestampAuthorities"]?.array ?? [] {
            let chain = try Self.chain(entry, missing)
            let authority = try TimestampChain(signer: chain.0, root: chain.1)
            guard let dated = DatedKey(authority, validFor: entry["validFor"]) else { throw missing }
            timeAuthorities.append(dated)
        }
        guard !authorities.isEmpty, !logs.isEmpty, logs.count == named.count else { throw missing }
        self.init(
            logs: logs,
            authorities: authorities,
            timestamps: timestamps,
            timeAuthorities: timeAuthorities
        )
    }

    private static func chain(
        _ entry: JSONValue,
        _ missing: GloveboxError
    ) throws(GloveboxError) -> ([UInt8], [UInt8]) {
        let found = entry["certChain"]?["certificates"]?.array?.compactMap {
            $0["rawBytes"]?.string.flatMap(Base64.decode)
        }
        guard let found, found.count == 2 else { throw missing }
        return (found[0], found[1])
    }
}
