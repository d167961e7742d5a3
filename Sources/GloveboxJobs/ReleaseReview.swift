package import GloveboxCore

/// The votes on one sealed release: a pure count, rebuilt from the log.
///
/// Nothing is decided before every vote that is needed is in, so that no one votes knowing how another did. Source:
/// release policy section 13.
package struct ReleaseReview: Sendable, Hashable {
    /// One person's signed word, after its signature has been checked.
    package struct Vote: Sendable, Hashable {
        /// SHA-256 of the signed payload.
        package let digest: Digest
        /// What it speaks of.
        package let subject: Subject
        package let approves: Bool
        package let account: String
        /// The roles of the account at the time of the vote.
        package let roles: Set<Role>

        /// Describes a vote.
        package init(digest: Digest, subject: Subject, approves: Bool, account: String, roles: Set<Role>) {
            (self.digest, self.subject, self.approves) = (digest, subject, approves)
            (self.account, self.roles) = (account, roles)
        }
    }

    /// What is reviewed: another bundle, policy or evidence voids a vote.
    package struct Subject: Sendable, Hashable {
        package let bundle: Digest
        package let policy: Digest
        package let evidence: Digest

        /// Names what is reviewed.
        package init(bundle: Digest, policy: Digest, evidence: Digest) {
            (self.bundle, self.policy, self.evidence) = (bundle, policy, evidence)
        }
    }

    /// What the votes say.
    package enum State: Sendable, Hashable {
        case waiting(have: Int)
        case approved
        case refused
    }

    package let subject: Subject
    /// How many distinct people, at least two.
    package let need: Int
    /// Who asked for the release, and never votes on it.
    package let requester: String
    package private(set) var votes: [Vote] = []

    /// Opens a review.
    package init(_ subject: Subject, need: Int, requester: String) {
        (self.subject, self.need, self.requester) = (subject, max(2, need), requester)
    }

    /// Counts a vote.
    ///
    /// - Throws: `review.changed`, `review.requester`, `auth.forbidden`, `review.twice`, `review.closed`.
    package mutating func record(_ vote: Vote) throws(GloveboxError) {
        guard case .waiting = state else { throw GloveboxError("review.closed", "all votes are in already") }
        guard vote.subject == subject else {
            throw GloveboxError("review.changed", "the vote is about another bundle, policy or evidence than waits")
        }
        guard vote.account != requester else {
            throw GloveboxError("review.requester", "who asked for a release does not vote on it")
        }
        guard Role.mayVote(vote.roles, as: .reviewer) || Role.mayVote(vote.roles, as: .owner),
            !vote.roles.contains(.researcher)
        else { throw GloveboxError("auth.forbidden", "only a reviewer or owner votes on a release") }
        guard !votes.contains(where: { $0.account == vote.account }) else {
            throw GloveboxError("review.twice", "this account has voted already, and a vote stays")
        }
        votes.append(vote)
    }

    /// Approved when all who are needed said yes; one no refuses, but only when all votes are in.
    package var state: State {
        guard votes.count >= need else { return .waiting(have: votes.count) }
        return votes.allSatisfy(\.approves) ? .approved : .refused
    }
}
