package import GloveboxCore

/// Counts the verdicts on one sealed release.
///
/// Nobody is told what another said before as many people have spoken as the policy asks for; a refusal, too, is told
/// and takes effect only then. Source: release policy section 13.3, job-backend section 4.1.
package struct ReviewTally: Sendable, Hashable {
    /// What a person says, and what all say together.
    package enum Decision: String, Sendable, Hashable {
        /// It may leave.
        case approve
        /// The researcher has to answer first, or to leave files out.
        case sendBack = "return"
        /// Nothing leaves.
        case refuse
    }

    /// One person's signed word, after its signature has been checked.
    package struct Verdict: Sendable, Hashable {
        /// SHA-256 of the signed payload.
        package let digest: Digest
        package let account: String
        /// The key that signed: its key id.
        package let key: String
        package let role: Role
        /// The roles of the account.
        package let roles: Set<Role>
        package let decision: Decision

        /// Describes a verdict.
        package init(digest: Digest, account: String, key: String, role: Role, roles: Set<Role>, decision: Decision) {
            (self.digest, self.account, self.key, self.role) = (digest, account, key, role)
            (self.roles, self.decision) = (roles, decision)
        }
    }

    /// How many people have to speak.
    package let need: Int
    /// Who asked for the release and has no say.
    package let requester: String
    private var verdicts: [Verdict] = []

    /// Starts a review by at least one person.
    package init(need: Int, requester: String) { (self.need, self.requester) = (max(1, need), requester) }

    /// How many have spoken.
    package var have: Int { verdicts.count }
    /// Whether all have spoken.
    package var isComplete: Bool { verdicts.count >= need }
    /// What everyone said; nil until all have spoken.
    package var shown: [Verdict]? { isComplete ? verdicts : nil }
    /// What all say together; nil until all have spoken.
    ///
    /// One refusal stops a release, and one who sends it back is heard before it leaves.
    package var outcome: Decision? {
        guard isComplete else { return nil }
        let said = Set(verdicts.map(\.decision))
        return said.contains(.refuse) ? .refuse : said.contains(.sendBack) ? .sendBack : .approve
    }

    /// Whether the account has spoken.
    package func hasSpoken(_ account: String) -> Bool { verdicts.contains { $0.account == account } }

    /// Checks a verdict against the rules and counts it.
    ///
    /// - Throws: `approval.separation`, `auth.forbidden`, `quorum.closed`, `object.conflict`.
    package mutating func record(_ verdict: Verdict) throws(GloveboxError) {
        guard verdict.account != requester else {
            throw GloveboxError(
                "approval.separation",
                "who asked for a release has no vote on it",
                hint: "Ask another reviewer."
            )
        }
        guard Role.mayVote(verdict.roles, as: verdict.role) else {
            throw GloveboxError("auth.forbidden", "this account has no vote as \(verdict.role.rawValue) on a release")
        }
        guard !isComplete else { throw GloveboxError("quorum.closed", "everyone who was asked has spoken") }
        guard !hasSpoken(verdict.account), !verdicts.contains(where: { $0.key == verdict.key }) else {
            throw GloveboxError("object.conflict", "this account or key has spoken on this release")
        }
        verdicts.append(verdict)
    }
}
