package import GloveboxCore

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
        let envelope = try root.key.sign(payload(site, policy), type: TrustPolicy.payloadType)
        return TrustFiles(
            trustedRoot: site.trustedRootFile,
            trustConfig: CanonicalJSON.encode(site.trustConfig),
            trustPolicy: envelope.bytes,
            logPolicy: site.logPolicy,
            policyDigest: envelope.payloadDigest
        )
    }

    /// The ``policyDigest`` that such files would have.
    package static func digest(site: SiteKeys, policy: TrustPolicy) -> Digest { Hashing.sha256(payload(site, policy)) }

    private static func payload(_ site: SiteKeys, _ policy: TrustPolicy) -> [UInt8] {
        policy.payload(
            CoveredFiles(
                trustedRoot: site.trustedRootFile,
                trustConfig: CanonicalJSON.encode(site.trustConfig),
                logPolicy: site.logPolicy
            )
        )
    }
}
