package import GloveboxCore

/// What happened in one run, as the supervisor signs it.
///
/// Source: attestation specification, section 4.1; decisions 3, 5 and 16. Parts that only a TPM can fill are absent.
package struct Report: Sendable {
    static let profile = "glovebox-report/1"

    /// How the run ended.
    package enum Outcome: String, Sendable {
        case released
        case refused
        case failed
        case killed
        case interrupted
    }

    /// Who signed the plan: the researcher, or the site for a client that cannot sign.
    package enum Submission: String, Sendable {
        case signed
        case delegated
    }

    /// 32 random bytes, so that the payload's hash in the public log cannot be guessed.
    package var salt: [UInt8]
    /// 32 bytes chosen by the caller, or SHA-256 of the manifest.
    package var nonce: [UInt8]
    /// Job id.
    package var jobID: String
    /// Which run under this plan it was, from 1.
    package var run: UInt64
    /// The plan.
    package var manifestDigest: Digest
    /// The plan's `coreDigest`: equal for a mock run and a real run of the same code.
    package var coreDigest: Digest
    /// Who signed the plan.
    package var submission: Submission
    /// Report id of the site's previous report; zero for the first.
    package var previousReport: Digest
    /// Report id of the start statement, when one was made.
    package var startStatement: Digest?
    /// How the run ended.
    package var outcome: Outcome
    /// What stands behind the report, and what does not.
    package var assurance: Assurance
    /// Who ran it.
    package var attester: Attester
    /// The node on which the jails stood, as its certificate names it; nil when they stood on the attester's own machine.
    package var node: String?
    /// The jail as loaded.
    package var jail: Jail
    /// The root filesystem.
    package var rootfs: Rootfs
    /// The measured code.
    package var code: Code
    /// The command as executed.
    package var invocation: Invocation
    /// The data that was read.
    package var inputs: [Input]
    /// The policies in force.
    package var policies: Policies
    /// The approvals relied on.
    package var approvals: [ApprovalRecord]
    /// How many were needed and how many there were.
    package var approvalQuorum: Quorum
    /// What left and what did not.
    package var outputs: Outputs
    /// What the answer cost; nil when no privacy budget stands behind the outputs.
    package var privacy: Privacy?
    /// Resources used, in buckets.
    package var usage: Usage
    /// When it ran.
    package var time: Time
    /// Log index of `key.released`; nil when no private data was opened.
    package var keyRelease: UInt64?
    /// Which key that was, and whom it was sealed to; nil when none was released through a broker.
    package var keyBinding: KeyBinding?
    /// The log at the start of the run.
    package var log: LogPosition
    /// What a TPM says of the supervisor, for this report's nonce, leaf and plan; nil without a TPM.
    package var quote: Quote?

    /// Makes a report with a fresh salt.
    ///
    /// `nonce` is 32 bytes from the caller; nil takes SHA-256 of the manifest.
    package init(
        nonce: [UInt8]? = nil,
        jobID: String,
        run: UInt64 = 1,
        manifestDigest: Digest,
        coreDigest: Digest,
        submission: Submission = .signed,
        previousReport: Digest,
        startStatement: Digest? = nil,
        outcome: Outcome,
        assurance: Assurance,
        attester: Attester,
        jail: Jail,
        rootfs: Rootfs,
        code: Code,
        invocation: Invocation,
        inputs: [Input],
        policies: Policies,
        approvals: [ApprovalRecord],
        approvalQuorum: Quorum,
        outputs: Outputs,
        privacy: Privacy? = nil,
        usage: Usage,
        time: Time,
        keyRelease: UInt64?,
        log: LogPosition
    ) {
        self.salt = Hashing.random(32)
        self.nonce = nonce ?? manifestDigest.bytes
        self.jobID = jobID
        self.run = run
        self.manifestDigest = manifestDigest
        self.coreDigest = coreDigest
        self.submission = submission
        self.previousReport = previousReport
        self.startStatement = startStatement
        self.outcome = outcome
        self.assurance = assurance
        self.attester = attester
        self.jail = jail
        self.rootfs = rootfs
        self.code = code
        self.invocation = invocation
        self.inputs = inputs
        self.policies = policies
        self.approvals = approvals
        self.approvalQuorum = approvalQuorum
        self.outputs = outputs
        self.privacy = privacy
        self.usage = usage
        self.time = time
        self.keyRelease = keyRelease
        self.log = log
    }

    /// The report id of a payload: SHA-256 of its bytes.
    package static func id(of payload: [UInt8]) -> Digest { Hashing.sha256(payload) }
}
