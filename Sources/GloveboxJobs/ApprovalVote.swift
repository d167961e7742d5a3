package import GloveboxCore

/// One person's signed word on a plan, after its signature has been checked.
///
/// Source: job-backend section 1.3.
package struct ApprovalVote: Sendable, Hashable {
    /// What the person decided.
    package enum Decision: String, Sendable, Hashable, CaseIterable {
        case approve
        case refuse
        case revoke
    }

    /// SHA-256 of the signed payload; names this approval.
    package let digest: Digest
    /// The plan it speaks of.
    package let plan: Digest
    /// What was decided.
    package let decision: Decision
    /// The account the key belongs to.
    package let account: String
    /// The key that signed: its key id.
    package let key: String
    /// The role the person acts in.
    package let role: Role
    /// The roles of the account at the time the vote was logged.
    package let roles: Set<Role>
    /// From when it counts.
    package let notBefore: Instant
    /// Until when it counts, this moment not included.
    package let notAfter: Instant
    /// How many runs it allows, 1 or more.
    package let maxRuns: Int

    /// Describes a vote.
    package init(
        digest: Digest,
        plan: Digest,
        decision: Decision,
        account: String,
        key: String,
        role: Role,
        roles: Set<Role>,
        notBefore: Instant,
        notAfter: Instant,
        maxRuns: Int = 1
    ) {
        self.digest = digest
        self.plan = plan
        self.decision = decision
        self.account = account
        self.key = key
        self.role = role
        self.roles = roles
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.maxRuns = maxRuns
    }

    /// Whether it counts at that moment.
    package func holds(at now: Instant) -> Bool { notBefore <= now && now < notAfter }
}
