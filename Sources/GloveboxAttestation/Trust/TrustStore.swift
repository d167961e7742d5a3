internal import GloveboxCore
internal import GloveboxTransparency

/// The trust files as read: everything a verifier compares with.
///
/// Reading checks form; ``checkSignature()`` checks who says so.
struct TrustStore {
    /// The signed policy.
    let policy: TrustPolicy
    /// Key of the log.
    let log: NoteKey
    /// Who must have seen a checkpoint.
    let witnessing: TlogPolicy
    /// From when the log key is valid.
    let logValidFrom: Instant
    /// The root.
    let root: ParsedCertificate
    /// The platform CA.
    let platform: ParsedCertificate
    /// Key of certificate time stamps, when the site makes them.
    let timestamps: VerifyingKey?
    /// The RFC 3161 authority, when the site has one.
    let timeAuthority: TimestampChain?
    private let envelope: Envelope
    private let covered: CoveredFiles
    private let found: CoveredFiles

    /// Reads the four files.
    ///
    /// - Throws: `input.io` when one is missing; codes of the strict reader; `log.key`; `cert.chain`.
    init(_ files: [String: [UInt8]]) throws(GloveboxError) {
        let rootFile = try Self.file(TrustFiles.Name.trustedRoot, files)
        let config = try Self.file(TrustFiles.Name.trustConfig, files)
        let logPolicy = try Self.file(TrustFiles.Name.logPolicy, files)
        self.envelope = try Envelope(
            parsing: Self.file(TrustFiles.Name.trustPolicy, files),
            expecting: TrustPolicy.payloadType
        )
        (policy, covered) = try TrustPolicy.read(envelope.payload)
        self.found = CoveredFiles(trustedRoot: rootFile, trustConfig: config, logPolicy: logPolicy)
        let parsed = try JSONReader.read(rootFile)
        self.witnessing = try TlogPolicy(parsing: logPolicy)
        guard let log = witnessing.logs.first, witnessing.logs.count == 1 else {
            throw GloveboxError("log.key", "tlog.policy does not name exactly one log")
        }
        let keys = try Self.siteKeys(parsed, log: log)
        guard keys.trustedRoot == parsed, try JSONReader.read(config) == keys.trustConfig else {
            throw GloveboxError("schema.value", "the sigstore trust files are not in the form that this version writes")
        }
        self.log = log
        self.logValidFrom = keys.validFrom
        self.root = try ParsedCertificate(keys.root)
        self.platform = try ParsedCertificate(keys.platform)
        self.timestamps = keys.timestamps
        self.timeAuthority = keys.timeAuthority
    }

    /// Checks that the root signed the policy and that the policy covers the files beside it.
    ///
    /// - Throws: `trust.signature`.
    func checkSignature() throws(GloveboxError) {
        let refused = GloveboxError("trust.signature", "the trust files are not those that the root signed")
        do throws(GloveboxError) { try root.publicKey.check(envelope.signature, over: envelope.pae) } catch {
            throw refused
        }
        guard found.json == covered.json else { throw refused }
    }

    /// Checks that the policy is not older than one already seen or one that the report names.
    ///
    /// - Throws: `trust.rollback`.
    func checkVersion(seen: UInt64, named: UInt64) throws(GloveboxError) {
        guard policy.version >= max(seen, named) else {
            throw GloveboxError(
                "trust.rollback",
                "the trust policy is version \(policy.version); version \(max(seen, named)) has been seen",
                hint: "Fetch the current trust files."
            )
        }
    }

    /// The moment a key was revoked, if it was.
    func revocation(of key: Digest) -> Instant? { policy.revocations.filter { $0.key == key }.map(\.from).min() }

    private static func file(_ name: String, _ files: [String: [UInt8]]) throws(GloveboxError) -> [UInt8] {
        guard let bytes = files[name] else { throw GloveboxError("input.io", "the trust file \(name) is missing") }
        return bytes
    }

    // Takes the keys out of `trusted_root.json`; the caller compares the whole file with what those keys would give.
    private static func siteKeys(_ root: JSONValue, log: NoteKey) throws(GloveboxError) -> SiteKeys {
        func element(_ value: JSONValue?) -> JSONValue? { value?.array?.first }
        let chain = element(root["certificateAuthorities"])?["certChain"]?["certificates"]?.array ?? []
        let start = element(root["tlogs"])?["publicKey"]?["validFor"]?["start"]?.string
        guard chain.count == 2, let platform = bytes(chain[0]), let authority = bytes(chain[1]),
            let validFrom = start.flatMap({ Instant($0) })
        else { throw GloveboxError("schema.missing-field", "trusted_root.json lists no log or no certificate chain") }
        let timestamps = element(root["ctlogs"])?["publicKey"].flatMap(bytes)
        let stamping = element(root["timestampAuthorities"])?["certChain"]?["certificates"]?.array?.compactMap(bytes)
        var timeAuthority: TimestampChain?
        if let stamping, stamping.count == 2 {
            timeAuthority = try TimestampChain(signer: stamping[0], root: stamping[1])
        }
        return SiteKeys(
            log: log,
            root: authority,
            platform: platform,
            timestamps: try timestamps.map { spki throws(GloveboxError) in try VerifyingKey(spki: spki) },
            timeAuthority: timeAuthority,
            validFrom: validFrom
        )
    }

    private static func bytes(_ value: JSONValue) -> [UInt8]? { value["rawBytes"]?.string.flatMap(Base64.decode) }
}
