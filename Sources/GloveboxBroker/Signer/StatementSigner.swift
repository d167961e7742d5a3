package import GloveboxAttestation
package import GloveboxCore
package import GloveboxStore
package import GloveboxTimestamp
package import GloveboxTransparency

/// Makes the leaf keys of a site and signs one statement with each: what it has read, and whose key stands in the log.
///
/// The leaf never leaves it. One thread uses it. Source: attestation specification, section 7.
package final class StatementSigner {
    /// What a site's certificates say, and the log that must have a leaf's key first.
    package struct Terms: Sendable {
        /// Identity of the attester, a URI.
        package let attester: String
        /// The issuer text that public tools compare.
        package let issuer: String
        /// The log's keys, the one in force first.
        package let logs: [NoteKey]

        /// Gathers them.
        package init(attester: String, issuer: String, logs: [NoteKey]) {
            (self.attester, self.issuer, self.logs) = (attester, issuer, logs)
        }
    }

    /// A leaf that waits for its statement; the key goes when it signs.
    private final class Leaf {
        private var key: JobLeaf?
        let publicKey: VerifyingKey
        let made: UInt64

        init(at now: UInt64) {
            let leaf = JobLeaf()
            (publicKey, made) = (leaf.publicKey, now)
            key = consume leaf
        }

        func take() -> JobLeaf? { key.take() }
    }

    /// The file of the signer's directory with the root's key (SPKI, DER), which the supervisor does not name with each call.
    package static let rootFile = "root.spki"

    /// Nanoseconds for which a leaf waits for its statement.
    static let lifetime: UInt64 = 300_000_000_000
    /// Leaves that wait at one time; a supervisor uses one a statement.
    private static let capacity = 256

    private let platform: CertificateAuthority
    private let timestamps: SigningKey
    private let stamps: TimestampAuthority?
    private let terms: Terms
    /// The key (SPKI, DER) of the root whose reference values count.
    private let root: [UInt8]
    private var floor: TrustFloor
    private let clock: LogClock
    private var leaves: [Digest: Leaf] = [:]
    private let trust = TrustReader()

    /// Takes up the keys; without an authority of its own it stamps nothing.
    package init(
        platform: CertificateAuthority,
        timestamps: SigningKey,
        stamps: TimestampAuthority?,
        terms: Terms,
        root: [UInt8],
        floor: TrustFloor,
        clock: LogClock = .system
    ) {
        (self.root, self.floor) = (root, floor)
        (self.platform, self.timestamps, self.stamps) = (platform, timestamps, stamps)
        (self.terms, self.clock) = (terms, clock)
    }

    /// Makes a leaf key; gives its public half, which the log must have before the key signs.
    ///
    /// - Throws: `signer.leaf` when too many wait.
    package func leaf() throws(GloveboxError) -> VerifyingKey {
        let now = clock.now().monotonic
        leaves = leaves.filter { now - min(now, $0.value.made) <= Self.lifetime }
        guard leaves.count < Self.capacity else {
            throw GloveboxError("signer.leaf", "too many leaf keys wait; each waits for five minutes")
        }
        let leaf = Leaf(at: now)
        leaves[leaf.publicKey.digest] = leaf
        return leaf.publicKey
    }

    /// Certifies a leaf, signs the one statement with it, and has the time stamped on a report.
    ///
    /// Whatever becomes of the request, the leaf is gone.
    ///
    /// - Throws: `signer.leaf` for a key that was not made here, has waited for too long or has signed; `signer.log-first`
    ///   when the log is not shown to hold it; `signer.evidence` with the codes of ``SignerAppraisal`` for a statement whose
    ///   evidence is not accepted; codes of ``SupervisorStatement``, `cert.issue`, `key.signing`, `store.io`.
    package func sign(_ request: SigningRequest) throws(GloveboxError) -> SignedStatement {
        let now = clock.now()
        guard let leaf = leaves.removeValue(forKey: request.leaf), now.monotonic - leaf.made <= Self.lifetime,
            let key = leaf.take()
        else {
            throw GloveboxError("signer.leaf", "the leaf key is not one that was made here and waits for its statement")
        }
        let statement = try SupervisorStatement(parsing: request.payload, attester: terms.attester, now: now.wall)
        do throws(GloveboxError) { try checkLogged(request, job: statement.job) } catch {
            throw GloveboxError(
                "signer.log-first",
                "the log is not shown to hold the leaf's key: \(error.code): \(error.message)"
            )
        }
        try appraise(statement, request, at: now.wall)
        let certificate = try platform.issueLeaf(
            for: leaf.publicKey,
            attester: terms.attester,
            issuer: terms.issuer,
            now: now.wall,
            log: timestamps
        )
        let isReport = statement.kind == .report
        guard request.withTokens, isReport else {
            let envelope = try key.sign(request.payload)
            return SignedStatement(
                envelope: envelope,
                certificate: certificate,
                timestamp: isReport ? try stamps?.stamp(envelope.signature) : nil
            )
        }
        let signed = try key.sign(request.payload, tokensBy: terms.issuer)
        return SignedStatement(
            envelope: signed.envelope,
            certificate: certificate,
            timestamp: try stamps?.stamp(signed.envelope.signature),
            tokens: (signed.cwt, signed.jwt)
        )
    }

    /// A leaf is certified for a supervisor and a run that the owners' reference values and approvals allow, and for no other.
    private func appraise(
        _ statement: SupervisorStatement,
        _ request: SigningRequest,
        at now: Instant
    ) throws(GloveboxError) {
        let appraisal = SignerAppraisal(
            statement,
            request.evidence,
            expecting: SignerAppraisal.Expectations(
                root: root,
                leaf: request.leaf,
                seenTrustVersion: floor.version,
                now: now
            ),
            reading: trust
        )
        guard appraisal.causes.isEmpty else {
            let list = appraisal.causes.map { "\($0.code): \($0.message)" }.joined(separator: "; ")
            throw GloveboxError("signer.evidence", "the signer does not accept the evidence: \(list)")
        }
        try floor.raise(to: appraisal.trustVersion ?? 0)
    }

    /// The log's own word that it holds the making of this key, for this job.
    private func checkLogged(_ request: SigningRequest, job: String) throws(GloveboxError) {
        let event = try PublicEvent(logged: request.entry, proof: request.proof, logs: terms.logs)
        guard event.kind == .keyCreated, event.job == job, event["spki"] == request.leaf.hex else {
            throw GloveboxError("log.entry-mismatch", "the entry is not the making of this key for this job")
        }
    }
}
