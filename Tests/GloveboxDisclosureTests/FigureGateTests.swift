import GloveboxCore
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxDisclosure

/// Pictures that a job drew, beside a table whose decision stands.
@Suite struct FigureGateTests {
    private static let figure = CheckedFigure(width: 3, height: 2, pixels: [0, 1, 15, 0, 0, 4], dropped: [.ancillary])
    private static let bytes = PNGWriter.write(figure)

    /// The shipped policy, with changes.
    private static func policy(_ changes: [(String, JSONValue)] = []) throws -> OutputPolicy {
        var document = try #require(Bench.shipped("Policies/figure.yaml").object)
        for (name, value) in changes { document[name] = value }
        return try OutputPolicy(.object(document))
    }

    private static func table(_ outcome: Decision.Outcome = .release, name: String = "table.csv") -> Decision {
        Decision(
            outcome: outcome,
            files: outcome == .refuse ? [] : [.init(name: name, bytes: Array("a,n\n1,20\n".utf8))],
            findings: [Finding("threshold", .pass), Finding("capacity", .pass)],
            reasons: outcome == .release ? [] : [outcome == .review ? "under-review" : "not-released"],
            millibits: 31_334,
            record: nil,
            comparison: .init(releases: 0, hits: 0),
            spec: nil
        )
    }

    private static func decide(
        _ claim: FigureGate.Claim,
        on table: Decision = table(),
        policy given: OutputPolicy? = nil,
        spent: Int64 = 0
    ) throws -> Decision {
        let policy = try given ?? policy()
        let rules = try #require(policy.opaque.fallback)
        return FigureGate.decide(table, claim, rules: rules, policy: policy, spent: spent)
    }

    @Test func `a picture goes to people beside its table, drawn anew and charged bit by bit`() throws {
        for outcome in [Decision.Outcome.release, .review] {
            let decided = try Self.decide(.left(.figure(Self.figure)), on: Self.table(outcome))
            #expect(decided.outcome == .review && decided.reasons == ["under-review"])
            #expect(decided.files.map(\.name) == ["table.csv", "figure.png"] && decided.files[1].bytes == Self.bytes)
            #expect(decided.millibits == 31_334 + 1000 + 8000 * Int64(Self.bytes.count))
            let found = try #require(decided.findings.first { $0.check == "figure" })
            #expect(found.outcome == .review && found.detail.contains("ancillary chunks"))
            #expect(found.parameters["width"] == 3 && found.parameters["height"] == 2)
            #expect(decided.findings.count { $0.check == "capacity" } == 1, "one for the whole")
        }
    }

    @Test func `no picture costs one bit, and the table's decision stands`() throws {
        for outcome in [Decision.Outcome.release, .review] {
            let decided = try Self.decide(.none, on: Self.table(outcome))
            #expect(decided.outcome == outcome && decided.files.map(\.name) == ["table.csv"])
            #expect(decided.millibits == 32_334 && !decided.findings.contains { $0.check == "figure" })
        }
    }

    @Test func `a table that is refused takes its picture with it, which is not looked at`() throws {
        let decided = try Self.decide(.left(.figure(Self.figure)), on: Self.table(.refuse))
        #expect(decided.outcome == .refuse && decided.files.isEmpty && decided.millibits == 31_334)
        #expect(!decided.findings.contains { $0.check == "figure" })
    }

    @Test func `what is no picture, or another file, withholds the table, too`() throws {
        let model = CheckedModel([CheckedModel.Tensor(name: "w", shape: [], bits: [0])])
        let claims: [(FigureGate.Claim, Decision)] =
            [
                (.left(nil), Self.table()), (.left(.model(model)), Self.table()),
                (.left(.figure(Self.figure)), Self.table(name: "figure.png")),
            ] + FileFault.allCases.map { (.left(.refused($0)), Self.table()) }
        for (claim, table) in claims {
            let decided = try Self.decide(claim, on: table)
            #expect(decided.outcome == .refuse && decided.files.isEmpty && decided.reasons == ["not-released"])
            #expect(decided.findings.last?.check == "figure" && decided.findings.last?.outcome == .fail)
            #expect(decided.millibits == Capacity.millibits(domainSizes: [3]), "no more than any other refusal")
        }
    }

    @Test func `a picture of more bytes than the policy allows is refused, and one of as many is not`() throws {
        func policy(_ bytes: Int) throws -> OutputPolicy {
            try Self.policy([
                (
                    "opaque_fallback",
                    [
                        "name": "figure.png", "max_pixels": 480_000, "max_canonical_bytes": .integer(Int64(bytes)),
                        "reviewers": 2,
                    ]
                )
            ])
        }
        let claim = FigureGate.Claim.left(.figure(Self.figure))
        #expect(try Self.decide(claim, policy: policy(Self.bytes.count)).outcome == .review)
        #expect(try Self.decide(claim, policy: policy(Self.bytes.count - 1)).outcome == .refuse)
    }

    @Test func `a picture that fills the release's or the project's room is refused`() throws {
        let bits = 33 + 8 * Int64(Self.bytes.count)
        func policy(_ release: Int64, _ project: Int64) throws -> OutputPolicy {
            try Self.policy([
                ("capacity", ["max_bits_per_release": .integer(release), "max_bits_per_project": .integer(project)])
            ])
        }
        let claim = FigureGate.Claim.left(.figure(Self.figure))
        #expect(try Self.decide(claim, policy: policy(bits, 1_000_000)).outcome == .review)
        #expect(try Self.decide(claim, policy: policy(bits - 1, 1_000_000)).outcome == .refuse)
        #expect(try Self.decide(claim, policy: policy(bits, bits + 5), spent: 5000).outcome == .review)
        #expect(try Self.decide(claim, policy: policy(bits, bits + 5), spent: 5700).outcome == .refuse)
        #expect(try Self.decide(.none, policy: policy(32, 1_000_000)).outcome == .refuse, "the bit of no picture, too")
    }

    @Test func `where the policy leaves nothing to people, a picture is a refusal`() throws {
        let decision: JSONValue = [
            "auto": "when-all-pass", "otherwise": "reject", "reviewers": 1, "reasons_to_researcher": "coarse",
        ]
        let decided = try Self.decide(.left(.figure(Self.figure)), policy: Self.policy([("decision", decision)]))
        #expect(decided.outcome == .refuse && decided.files.isEmpty)
    }
}
