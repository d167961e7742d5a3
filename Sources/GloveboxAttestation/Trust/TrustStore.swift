internal import GloveboxCore
internal import GloveboxTransparency

/// The trust files as read: everything a verifier compares with.
///
/// Reading checks form; ``checkSignature()`` checks who says so.
struct TrustStore {
    /// The signed policy.
    let policy: TrustPolicy
    /// Key of the log under which the evidence has its place in it.
    let log: NoteKey
    /// Who must have seen a checkpoint.
    let witnessing: TlogPolicy
    /// All keys of the site, with their periods.
    let keys: SiteKeys
    /// The root above the CA that the evidence names.
    let root: ParsedCertificate
    /// The platform CA that the evidence names.
    let platform: ParsedCertificate
    /// Key of certificate time stamps that the evidence names, when the site makes them.
    let timestamps: VerifyingKey?
    /// The RFC 3161 authority that the evidence names, when the site has one.
    let timeAuthority: TimestampChain?
    /// The root that signs trust policies now.
    let signingRoot: ParsedCertificate
    /// SHA-256 of the policy's payload.
    var digest: Digest { envelope.payloadDigest }
    private let envelope: Envelope
    /// Whether the root signed the policy, and the policy covers the files beside it.
    private let isSigned: Bool
    private let used: [(what: String, key: Digest, period: DatedPeriod)]

    /// Reads the four files, for a report under the keys that its evidence names.
    ///
    /// - Throws: `input.io` when one is missing; codes of the strict reader; `log.key`; `cert.chain`.
    init(_ files: [String: [UInt8]], for named: NamedKeys = NamedKeys()) throws(GloveboxError) {
        let rootFile = try Self.file(TrustFiles.Name.trustedRoot, files)
        let config = try Self.file(TrustFiles.Name.trustConfig, files)
        let logPolicy = try Self.file(TrustFiles.Name.logPolicy, files)
        self.envelope = try Envelope(
            parsing: Self.file(TrustFiles.Name.trustPolicy, files),
            expecting: TrustPolicy.payloadType
        )
        let covered: CoveredFiles
        (policy, covered) = try TrustPolicy.read(envelope.payload)
        let found = CoveredFiles(trustedRoot: rootFile, trustConfig: config, logPolicy: logPolicy)
        let parsed = try JSONReader.read(rootFile)
        self.witnessing = try TlogPolicy(parsing: logPolicy)
        guard let first = witnessing.logs.first,
            witnessing.logs.allSatisfy({ $0.name.utf8.elementsEqual(first.name.utf8) })
        else { throw GloveboxError("log.key", "tlog.policy names more than one log") }
        keys = try SiteKeys(reading: parsed, logs: witnessing.logs)
        guard keys.trustedRoot == parsed, try JSONReader.read(config) == keys.trustConfig else {
            throw GloveboxError("schema.value", "the sigstore trust files are not in the form that this version writes")
        }
        let log = keys.logs.first { named.checkpoint?.line(of: $0.key) != nil } ?? keys.logs[0]
        self.log = log.key
        let authority = keys.authorities.first { $0.key.platform == named.platform } ?? keys.authorities[0]
        let stamps = keys.timestamps.first { $0.key.digest == named.timestamps } ?? keys.timestamps.first
        let clock = keys.timeAuthorities.first { $0.key.signer == named.timeAuthority } ?? keys.timeAuthorities.first
        root = try ParsedCertificate(authority.key.root)
        platform = try ParsedCertificate(authority.key.platform)
        signingRoot = try ParsedCertificate(keys.authorities[0].key.root)
        isSigned = found.json == covered.json && Self.isSigned(envelope, by: signingRoot)
        timestamps = stamps?.key
        timeAuthority = clock?.key
        var used = [
            (what: "root", key: root.publicKey.digest, period: DatedPeriod(authority)),
            (what: "platform CA", key: platform.publicKey.digest, period: DatedPeriod(authority)),
            // A later key signs the entries of the time before it, too.
            (what: "key of the log", key: log.key.digest, period: DatedPeriod { log.isNotEnded(at: $0) }),
        ]
        if let stamps {
            used.append((what: "key of certificate time stamps", key: stamps.key.digest, period: DatedPeriod(stamps)))
        }
        if let clock, named.timeAuthority != nil {
            let signer = try ParsedCertificate(clock.key.signer).publicKey.digest
            used.append((what: "time-stamping authority", key: signer, period: DatedPeriod(clock)))
        }
        self.used = used
    }

    /// Checks that each key of the site was in its period when the report was logged.
    ///
    /// - Throws: `key.expired`.
    func checkPeriods(at time: Instant) throws(GloveboxError) {
        for key in used where !key.period.contains(time) {
            throw GloveboxError("key.expired", "the \(key.what) of this report was not in use at \(time)")
        }
    }

    /// Checks that none of the keys was revoked when the report was logged.
    ///
    /// - Throws: `key.revoked`.
    func checkRevocations(at time: Instant, leaf: Digest) throws(GloveboxError) {
        for (what, key) in [("leaf", leaf)] + used.map({ ($0.what, $0.key) }) {
            if let from = revocation(of: key), from <= time {
                throw GloveboxError("key.revoked", "the \(what) was revoked from \(from), before the report was logged")
            }
        }
    }

    /// Checks that the root signed the policy and that the policy covers the files beside it.
    ///
    /// - Throws: `trust.signature`.
    func checkSignature() throws(GloveboxError) {
        guard isSigned else {
            throw GloveboxError("trust.signature", "the trust files are not those that the root signed")
        }
    }

    private static func isSigned(_ envelope: Envelope, by root: ParsedCertificate) -> Bool {
        do throws(GloveboxError) {
            try root.publicKey.check(envelope.signature, over: envelope.pae)
            return true
        } catch { return false }
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

    /// Reads a checkpoint that a run or its statement was shown, under whichever key the log had then.
    ///
    /// - Throws: codes of ``Checkpoint``, `key.expired` for a key that had ended by that time.
    func open(checkpoint note: [UInt8], from time: Instant) throws(GloveboxError) -> Checkpoint {
        let (checkpoint, key) = try Checkpoint.open(note: note, keys: keys.logs.map(\.key))
        guard keys.logs.contains(where: { $0.key == key && $0.isNotEnded(at: time) }) else {
            throw GloveboxError("key.expired", "the log's key of that checkpoint was no longer in use at \(time)")
        }
        return checkpoint
    }

    /// Whether the site had a TPM then, and so made no statement without its quote.
    func demandsQuote(at time: Instant) -> Bool {
        policy.attestationKeys.contains { key in
            key.validFrom.map { $0 <= time } == true && revocation(of: key.digest).map { time < $0 } ?? true
        }
    }

    /// The moment a key was revoked, if it was.
    func revocation(of key: Digest) -> Instant? { policy.revocations.filter { $0.key == key }.map(\.from).min() }

    private static func file(_ name: String, _ files: [String: [UInt8]]) throws(GloveboxError) -> [UInt8] {
        guard let bytes = files[name] else { throw GloveboxError("input.io", "the trust file \(name) is missing") }
        return bytes
    }
}

/// The keys that a report's evidence names; of those that it does not name, or that are unknown, the ones in force count.
struct NamedKeys {
    /// The checkpoint under which the log is shown to hold the report.
    var checkpoint: SignedNote?
    /// Certificate of the platform CA, DER.
    var platform: [UInt8]?
    /// SHA-256 of the key of certificate time stamps.
    var timestamps: Digest?
    /// Certificate of the time-stamping authority, DER.
    var timeAuthority: [UInt8]?
}

/// The period of a key, whatever the key.
struct DatedPeriod {
    let contains: @Sendable (Instant) -> Bool

    init<Key>(_ dated: DatedKey<Key>) { contains = { dated.isValid(at: $0) } }

    init(_ contains: @escaping @Sendable (Instant) -> Bool) { self.contains = contains }
}
