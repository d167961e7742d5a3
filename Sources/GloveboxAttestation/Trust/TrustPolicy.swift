package import GloveboxCore

/// What a verifier relies on: who may sign what, and which binaries are known.
///
/// Signed by the root.
///
/// Source: attestation specification, section 7.2.
package struct TrustPolicy: Sendable {
    /// Payload type of the signed policy.
    package static let payloadType = "application/vnd.glovebox.trust-policy+json"
    static let profile = "glovebox-trust-policy/1"

    /// Rises with every issue, from 1.
    package var version: UInt64
    /// SHA-256 of the payload before this one; zero for the first.
    package var previous: Digest
    /// Identities that may sign reports, and the CA that vouches for each.
    package var attesters: [TrustedAttester]
    /// People's keys.
    package var roles: [RoleKey]
    /// Known binaries.
    package var reference: ReferenceValues
    /// Least number of distinct approval keys.
    package var approvalThreshold: UInt64
    /// Least version by policy name.
    package var minPolicyVersions: [PolicyFloor]
    /// Keys that no longer count.
    package var revocations: [Revocation]
    /// Codes that this site accepts: shown in every verdict, and no reason for any reader to accept them.
    package var accept: [String]
    /// Attestation keys of the site's TPMs; left out of the file when there are none.
    package var attestationKeys: [TrustedAttestationKey] = []
    /// Key-encryption keys of the site's broker; left out of the file when there are none.
    package var brokers: [TrustedBroker] = []
    /// How each root before handed over to the next, oldest first; left out of the file when there was one root only.
    package var successions: [RootSuccession] = []

    /// The first policy of a site.
    package init(
        version: UInt64 = 1,
        previous: Digest = .zero,
        attesters: [TrustedAttester],
        roles: [RoleKey] = [],
        reference: ReferenceValues,
        approvalThreshold: UInt64,
        minPolicyVersions: [PolicyFloor] = [],
        revocations: [Revocation] = [],
        accept: [String] = []
    ) {
        self.version = version
        self.previous = previous
        self.attesters = attesters
        self.roles = roles
        self.reference = reference
        self.approvalThreshold = approvalThreshold
        self.minPolicyVersions = minPolicyVersions
        self.revocations = revocations
        self.accept = accept
    }

    /// The successor of a policy whose payload had that digest.
    package func next(after payload: Digest) -> TrustPolicy {
        var policy = self
        policy.version += 1
        policy.previous = payload
        return policy
    }
}

/// Digests of the three files that a trust policy covers.
struct CoveredFiles: Wire {
    let trustedRoot: Digest
    let trustConfig: Digest
    let logPolicy: Digest

    init(trustedRoot: [UInt8], trustConfig: [UInt8], logPolicy: [UInt8]) {
        self.trustedRoot = Hashing.sha256(trustedRoot)
        self.trustConfig = Hashing.sha256(trustConfig)
        self.logPolicy = Hashing.sha256(logPolicy)
    }

    var json: JSONValue {
        ["trustedRoot": trustedRoot.json, "trustConfig": trustConfig.json, "logPolicy": logPolicy.json]
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.trustedRoot = try fields.digest("trustedRoot")
        self.trustConfig = try fields.digest("trustConfig")
        self.logPolicy = try fields.digest("logPolicy")
    }
}

extension TrustPolicy {
    /// The payload bytes, covering those files.
    func payload(_ files: CoveredFiles) -> [UInt8] {
        CanonicalJSON.encode(
            .members([
                ("profile", .string(Self.profile)), ("version", .decimal(version)), ("previous", previous.json),
                ("files", files.json), ("attesters", .list(attesters)), ("roles", .list(roles)),
                ("reference", reference.json), ("approvalThreshold", .decimal(approvalThreshold)),
                ("minPolicyVersions", .list(minPolicyVersions)), ("revocations", .list(revocations)),
                ("accept", .strings(accept)), ("aks", attestationKeys.isEmpty ? nil : .list(attestationKeys)),
                ("brokers", brokers.isEmpty ? nil : .list(brokers)),
                ("successions", successions.isEmpty ? nil : .list(successions)),
            ])
        )
    }

    /// Reads `trust-policy.dsse.json` and checks the root's signature; gives the policy and its payload's digest.
    ///
    /// - Throws: codes of ``Envelope`` and of the strict reader, `trust.signature`.
    package static func open(
        _ file: [UInt8],
        root: VerifyingKey
    ) throws(GloveboxError) -> (policy: TrustPolicy, digest: Digest) {
        let envelope = try Envelope(parsing: file, expecting: payloadType)
        do throws(GloveboxError) { try root.check(envelope.signature, over: envelope.pae) } catch {
            throw GloveboxError("trust.signature", "the trust policy is not signed by the root")
        }
        return (try read(envelope.payload).policy, envelope.payloadDigest)
    }

    /// As ``open(_:root:)``, under the root with that certificate (DER).
    package static func open(
        _ file: [UInt8],
        rootCertificate: [UInt8]
    ) throws(GloveboxError) -> (policy: TrustPolicy, digest: Digest) {
        try open(file, root: ParsedCertificate(rootCertificate).publicKey)
    }

    /// Reads a payload strictly.
    ///
    /// - Throws: codes of the strict reader, `schema.version`, `schema.value`.
    static func read(_ payload: [UInt8]) throws(GloveboxError) -> (policy: TrustPolicy, files: CoveredFiles) {
        var fields = try JSONFields(JSONReader.readCanonical(payload), at: "trustPolicy")
        try fields.constant("profile", profile, code: "schema.version")
        let files: CoveredFiles = try fields.object("files")
        var policy = TrustPolicy(
            version: try fields.decimal("version"),
            previous: try fields.digest("previous"),
            attesters: try fields.list("attesters"),
            roles: try fields.list("roles"),
            reference: try fields.object("reference"),
            approvalThreshold: try fields.decimal("approvalThreshold"),
            minPolicyVersions: try fields.list("minPolicyVersions"),
            revocations: try fields.list("revocations"),
            accept: try fields.strings("accept")
        )
        policy.attestationKeys = try fields.optionalList("aks")
        policy.brokers = try fields.optionalList("brokers")
        policy.successions = try fields.optionalList("successions")
        try fields.finish()
        guard policy.version > 0, policy.approvalThreshold > 0 else {
            throw GloveboxError("schema.value", "a trust policy has a version and a threshold of at least 1")
        }
        return (policy, files)
    }
}
