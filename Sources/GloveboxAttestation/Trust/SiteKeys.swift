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
    /// Key of the log; its name is the origin.
    package var log: NoteKey
    /// CAs of the leaves; the root of the first signs the trust policy.
    package var authorities: [DatedKey<AuthorityChain>]
    /// Keys that sign certificate time stamps; none when the site makes none.
    package var timestamps: [DatedKey<VerifyingKey>]
    /// RFC 3161 authorities; none when the site has none.
    package var timeAuthorities: [DatedKey<TimestampChain>]
    /// From when the log's key is valid.
    package var validFrom: Instant
    /// The log policy file with witnesses and quorum; nil when the log has none.
    package var witnessing: [UInt8]?

    /// Lists the keys of a site with their periods.
    package init(
        log: NoteKey,
        authorities: [DatedKey<AuthorityChain>],
        timestamps: [DatedKey<VerifyingKey>],
        timeAuthorities: [DatedKey<TimestampChain>],
        validFrom: Instant,
        witnessing: [UInt8]? = nil
    ) {
        self.log = log
        self.authorities = authorities
        self.timestamps = timestamps
        self.timeAuthorities = timeAuthorities
        self.validFrom = Instant(seconds: validFrom.seconds)
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
            log: log,
            authorities: [DatedKey(AuthorityChain(platform: platform, root: root), from: validFrom)],
            timestamps: timestamps.map { [DatedKey($0, from: validFrom)] } ?? [],
            timeAuthorities: timeAuthority.map { [DatedKey($0, from: validFrom)] } ?? [],
            validFrom: validFrom
        )
    }

    private var url: JSONValue { .string("https://\(log.name)") }
    private var validFor: JSONValue { ["start": .string(validFrom.text)] }

    /// The bytes of `trusted_root.json`.
    package var trustedRootFile: [UInt8] { CanonicalJSON.encode(trustedRoot) }

    var trustedRoot: JSONValue {
        [
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                [
                    "baseUrl": url, "hashAlgorithm": "SHA2_256",
                    "publicKey": publicKey(SiteKeys.ed25519SPKI + log.publicKey, "PKIX_ED25519", validFor),
                    "logId": ["keyId": .string(Base64.encode(log.logID))],
                ]
            ],
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
    var logPolicy: [UInt8] { witnessing ?? Array("log \(log.vkey) https://\(log.name)\nquorum none\n".utf8) }

    /// SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes (RFC 8410).
    static let ed25519SPKI: [UInt8] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]

    private func authority(_ name: String, _ chain: [[UInt8]], _ validFor: JSONValue) -> JSONValue {
        [
            "subject": ["organization": .string(log.name), "commonName": .string(name)], "uri": url,
            "certChain": ["certificates": .array(chain.map { ["rawBytes": .string(Base64.encode($0))] })],
            "validFor": validFor,
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
    init(reading root: JSONValue, log: NoteKey) throws(GloveboxError) {
        let missing = GloveboxError(
            "schema.missing-field",
            "trusted_root.json lists no log, no certificate chain, or a key without a period"
        )
        guard
            let validFrom = root["tlogs"]?.array?.first?["publicKey"]?["validFor"]?["start"]?.string.flatMap({
                Instant($0)
            })
        else { throw missing }
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
        guard !authorities.isEmpty else { throw missing }
        self.init(
            log: log,
            authorities: authorities,
            timestamps: timestamps,
            timeAuthorities: timeAuthorities,
            validFrom: validFrom
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
