import Testing

@testable import GloveboxDisclosure

/// What owners may override, and what they may not.
@Suite struct OverrideTests {
    @Test func `only nearness to earlier releases, and nothing beside it, can be overridden`() throws {
        func decision(_ checks: [(String, Finding.Outcome)], near: [Differencing.Hit]) throws -> Decision {
            let past = ReleaseGate.Past(
                history: [],
                lineageKey: try LineageKey([UInt8](repeating: 1, count: 32)),
                projectMillibits: 0
            )
            return Decision(
                outcome: checks.contains { $0.1 == .fail } ? .refuse : .release,
                files: [],
                findings: checks.map { Finding($0.0, $0.1) },
                reasons: [],
                millibits: 0,
                record: nil,
                comparison: Decision.Comparison(past, near),
                spec: nil
            )
        }
        let hit = Differencing.Hit(release: "job_a", new: (0, false), old: (0, false), difference: 3)
        #expect(try decision([("differencing", .fail), ("threshold", .pass)], near: [hit]).isOverridable)
        #expect(try !decision([("differencing", .fail), ("mismatch", .fail)], near: [hit]).isOverridable)
        #expect(try !decision([("differencing", .fail), ("dominance", .fail)], near: [hit]).isOverridable)
        #expect(try !decision([("threshold", .fail)], near: []).isOverridable)
        #expect(try !decision([("differencing", .overridden)], near: [hit]).isOverridable)
        #expect(try decision([("differencing", .overridden)], near: [hit]).isOverridden)
    }
}
