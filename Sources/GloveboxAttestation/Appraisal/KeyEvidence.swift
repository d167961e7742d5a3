package import GloveboxCore
package import GloveboxTransparency

/// What a supervisor shows a key broker: the signed start statement with everything it rests on.
package struct KeyEvidence: Sendable {
    /// The start statement in its envelope.
    package let statement: [UInt8]
    /// The leaf certificate of its key, DER.
    package let leaf: [UInt8]
    /// `manifest.json`.
    package let manifest: [UInt8]
    /// The plan in its submitter's envelope.
    package let manifestEnvelope: [UInt8]
    /// Every vote on the plan, refusals too, each in its envelope.
    package let votes: [[UInt8]]
    /// The trust files by name, as in ``TrustFiles/Name``.
    package let trust: [String: [UInt8]]

    /// Gathers evidence.
    package init(
        statement: [UInt8],
        leaf: [UInt8],
        manifest: [UInt8],
        manifestEnvelope: [UInt8],
        votes: [[UInt8]],
        trust: [String: [UInt8]]
    ) {
        self.statement = statement
        self.leaf = leaf
        self.manifest = manifest
        self.manifestEnvelope = manifestEnvelope
        self.votes = votes
        self.trust = trust
    }
}

/// What a broker knows by itself and holds evidence against.
package struct KeyExpectations: Sendable {
    /// The key (SPKI, DER) of the root that the broker was given, or of the latest heir of it that it saw.
    package let root: [UInt8]
    /// The nonce that the broker gave out for this request.
    package let nonce: [UInt8]
    /// Commitments of the datasets whose keys are asked for.
    package let commitments: [Digest]
    /// The output policy that the plan must name, and the site's policy that it tightens.
    package let outputPolicy: (merged: Digest, base: Digest)
    /// The broker's own clock.
    package let now: Instant
    /// Highest version of the trust policy that the broker has seen.
    package let seenTrustVersion: UInt64

    /// Gathers expectations.
    package init(
        root: [UInt8],
        nonce: [UInt8],
        commitments: [Digest],
        outputPolicy: (merged: Digest, base: Digest),
        now: Instant,
        seenTrustVersion: UInt64
    ) {
        self.root = root
        self.nonce = nonce
        self.commitments = commitments
        self.outputPolicy = outputPolicy
        self.now = now
        self.seenTrustVersion = seenTrustVersion
    }
}

/// What appraised evidence says, as far as a broker needs it.
package struct AppraisedRun: Sendable, Hashable {
    /// The job.
    package let job: String
    /// The run under its plan, from 1.
    package let run: UInt64
    /// The project that pays.
    package let project: String
    /// The plan.
    package let plan: Digest
    /// SHA-256 of the start statement's payload.
    package let start: Digest
    /// The output policy of the plan.
    package let outputPolicy: Digest
    /// The X25519 public key that the data key goes to.
    package let hpkeKey: [UInt8]
    /// Version of the trust policy that the evidence was held against.
    package let trustVersion: UInt64
    /// The key (SPKI, DER) of the root that signed it.
    package let root: [UInt8]
    /// The log's key in force that it covers.
    package let log: NoteKey
}
