import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct ReleaseReviewTests {
    private static let subject = ReleaseReview.Subject(bundle: digest(1), policy: digest(2), evidence: digest(3))

    private static func digest(_ byte: UInt8) -> Digest { Digest(bytes: [UInt8](repeating: byte, count: 32)) ?? .zero }

    private static func vote(
        _ account: String,
        _ approves: Bool = true,
        subject: ReleaseReview.Subject = subject,
        roles: Set<Role> = [.reviewer]
    ) -> ReleaseReview.Vote {
        .init(digest: digest(9), subject: subject, approves: approves, account: account, roles: roles)
    }

    private static func review(need: Int = 2) -> ReleaseReview {
        ReleaseReview(subject, need: need, requester: "alice")
    }

    @Test func `nothing is decided before every vote that is needed is in`() throws {
        var review = Self.review()
        try review.record(Self.vote("rita", false))
        #expect(review.state == .waiting(have: 1), "a no is not told either")
        try review.record(Self.vote("sam"))
        #expect(review.state == .refused)
        #expect(throws: GloveboxError("review.closed", "")) { try review.record(Self.vote("olga", roles: [.owner])) }
        var other = Self.review(need: 3)
        for name in ["rita", "sam"] { try other.record(Self.vote(name)) }
        #expect(other.state == .waiting(have: 2))
        try other.record(Self.vote("olga", roles: [.owner]))
        #expect(other.state == .approved)
    }

    @Test func `a policy cannot ask for fewer than two`() throws {
        var review = Self.review(need: 1)
        try review.record(Self.vote("rita"))
        #expect(review.need == 2 && review.state == .waiting(have: 1))
    }

    @Test func `who asked, who is a researcher or operator, and who voted already has no vote`() throws {
        var review = Self.review()
        #expect(throws: GloveboxError("review.requester", "")) { try review.record(Self.vote("alice")) }
        for roles in [[.researcher], [.reviewer, .researcher], [.reviewer, .operator], [.auditor], []] as [Set<Role>] {
            #expect(throws: GloveboxError("auth.forbidden", "")) { try review.record(Self.vote("bob", roles: roles)) }
        }
        try review.record(Self.vote("rita"))
        #expect(throws: GloveboxError("review.twice", "")) { try review.record(Self.vote("rita", false)) }
        #expect(review.votes.count == 1)
    }

    @Test func `a vote on another bundle, policy or evidence is void`() {
        let others = [
            ReleaseReview.Subject(bundle: Self.digest(7), policy: Self.digest(2), evidence: Self.digest(3)),
            .init(bundle: Self.digest(1), policy: Self.digest(7), evidence: Self.digest(3)),
            .init(bundle: Self.digest(1), policy: Self.digest(2), evidence: Self.digest(7)),
        ]
        for other in others {
            var review = Self.review()
            #expect(throws: GloveboxError("review.changed", "")) {
                try review.record(Self.vote("rita", subject: other))
            }
        }
    }
}
