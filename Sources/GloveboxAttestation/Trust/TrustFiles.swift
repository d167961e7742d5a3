package import GloveboxCore
package import GloveboxTransparency

/// The four files a verifier is given beside the evidence.
package struct TrustFiles: Sendable {
    /// Names of the files, side by side in one directory.
    package enum Name {
        /// Sigstore trust root.
        package static let trustedRoot = "trusted_root.json"
        /// Sigstore client trust configuration.
        package static let trustConfig = "trust_config.json"
        /// The signed trust policy.
        package static let trustPolicy = "trust-policy.dsse.json"
        /// Log and witness keys.
        package static let logPolicy = "tlog.policy"
        /// All four.
        package static let all = [trustConfig, trustedRoot, trustPolicy, logPolicy]
    }

    /// `trusted_root.json`.
    package let trustedRoot: [UInt8]
    /// `trust_config.json`.
    package let trustConfig: [UInt8]
    /// `trust-policy.dsse.json`.
    package let trustPolicy: [UInt8]
    /// `tlog.policy`.
    package let logPolicy: [UInt8]
    /// SHA-256 of the signed payload: `previous` of the next policy.
    package let policyDigest: Digest

    /// The files by name.
    package var files: [(name: String, bytes: [UInt8])] {
        [
            (Name.trustedRoot, trustedRoot), (Name.trustConfig, trustConfig), (Name.trustPolicy, trustPolicy),
            (Name.logPolicy, logPolicy),
        ]
    }

    /// Writes and signs the trust files of a site.
    ///
    /// To enrol a key later, change ``TrustPolicy/roles``, take ``TrustPolicy/next(after:)`` and make the files again.
    ///
    /// Throws `key.signing`.
    package static func make(
        site: SiteKeys,
        policy: TrustPolicy,
        root: CertificateAuthority
    ) throws(GloveboxError) -> TrustFiles {
        let rootBytes = site.trustedRootFile
        let config = CanonicalJSON.encode(site.trustConfig)
        let log = site.logPolicy
        let payload = policy.payload(CoveredFiles(trustedRoot: rootBytes, trustConfig: config, logPolicy: log))
        let envelope = try root.key.sign(payload, type: TrustPolicy.payloadType)
        return TrustFiles(
            trustedRoot: rootBytes,
            trustConfig: config,
            trustPolicy: envelope.bytes,
            logPolicy: log,
            policyDigest: envelope.payloadDigest
        )
    }
}

/// The public keys of a site, as the sigstore files list them.
package struct SiteKeys: Sendable {
    /// Key of the log; its name is the origin.
    package var log: NoteKey
    /// Root certificate, DER.
    package var root: [UInt8]
    /// Platform CA certificate, DER.
    package var platform: [UInt8]
    /// Key that signs certificate time stamps; nil when the site makes none.
    package var timestamps: VerifyingKey?
    /// The RFC 3161 authority; nil when the site has none.
    package var timeAuthority: TimestampChain?
    /// From when the keys are valid.
    package var validFrom: Instant

    /// The log policy file with witnesses and quorum; nil when the log has none.
    package var witnessing: [UInt8]?

    /// Lists the keys of a site.
    package init(
        log: NoteKey,
        root: [UInt8],
        platform: [UInt8],
        timestamps: VerifyingKey?,
        timeAuthority: TimestampChain? = nil,
        validFrom: Instant,
        witnessing: [UInt8]? = nil
    ) {
        self.log = log
        self.witnessing = witnessing
        self.root = root
        self.platform = platform
        self.timestamps = timestamps
        self.timeAuthority = timeAuthority
        self.validFrom = Instant(seconds: validFrom.seconds)
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
                    "publicKey": publicKey(SiteKeys.ed25519SPKI + log.publicKey, "PKIX_ED25519"),
                    "logId": ["keyId": .string(Base64.encode(log.logID))],
                ]
            ],
            "certificateAuthorities": [
                authority("Glovebox platform CA", [platform, root])
            ],
            "ctlogs": .array(timestamps.map { [timestampLog($0)] } ?? []),
            "timestampAuthorities": .array(
                timeAuthority.map { [authority("Glovebox time-stamping authority", [$0.signer, $0.root])] } ?? []
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

    private func authority(_ name: String, _ chain: [[UInt8]]) -> JSONValue {
        [
            "subject": ["organization": .string(log.name), "commonName": .string(name)], "uri": url,
            "certChain": ["certificates": .array(chain.map { ["rawBytes": .string(Base64.encode($0))] })],
            "validFor": validFor,
        ]
    }

    private func timestampLog(_ key: VerifyingKey) -> JSONValue {
        [
            "baseUrl": url, "hashAlgorithm": "SHA2_256",
            "publicKey": publicKey(key.spki, "PKIX_ECDSA_P256_SHA_256"),
            "logId": ["keyId": .string(Base64.encode(key.digest.bytes))],
        ]
    }

    private func publicKey(_ spki: [UInt8], _ details: String) -> JSONValue {
        ["rawBytes": .string(Base64.encode(spki)), "keyDetails": .string(details), "validFor": validFor]
    }
}
