import Foundation
import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

@Suite struct ReleaseGateTests {
    /// What the supervisor enforces beside the gate.
    static let capabilities = ReleaseGate.capabilities.union([
        "check.row_leak",
        "channel.exit_code", "channel.logs", "channel.release_tick", "channel.pad", "channel.max_runs_per_day",
    ])
    static let good = [[12, 13], [21, 34]]
    static let goodCSV = "a,b,n\n1,1,12\n1,2,13\n2,1,21\n2,2,34\n"

    static func request(_ counts: [[Int]], spec: TableSpec? = nil, input: InputPolicy? = nil) throws
        -> ReleaseGate.Request
    {
        .init(
            id: "rel_new",
            policy: try OutputPolicy(Bench.shipped("Policies/aggregate-table.yaml")),
            inputPolicy: try input ?? Bench.input(),
            table: try Bench.table(counts: counts),
            spec: try spec ?? Bench.spec()
        )
    }

    static func decide(
        _ request: ReleaseGate.Request,
        _ csv: String?,
        history: [ReleaseRecord] = [],
        spent: Int64 = 0
    ) throws -> Decision {
        try ReleaseGate.decide(
            request,
            claim: csv.map { Checker.parse(Array($0.utf8), limits: .ceiling) },
            past: .init(history: history, lineageKey: Bench.key(), projectMillibits: spent),
            capabilities: capabilities
        )
    }

    @Test func `releases its own bytes when every check passes`() throws {
        let request = try Self.request(Self.good)
        let decision = try Self.decide(request, Self.goodCSV)
        #expect(decision.outcome == .release && decision.reasons.isEmpty)
        #expect(decision.files.map(\.name) == ["table.csv"])
        #expect(decision.files.first?.bytes == Array("a,b,n\n1,1,10\n1,2,15\n2,1,20\n2,2,35\n".utf8))
        #expect(decision.findings.map(\.check) == ["threshold", "full_cells", "differencing", "capacity", "mismatch"])
        // Four cells of 17 values, three states, three sizes.
        #expect(decision.millibits == Capacity.millibits(domainSizes: [17, 17, 17, 17, 3, 3]))
        let shuffled = try Self.decide(request, "a,b,n\n2,2,35\n2,1,20\n1,1,10\n1,2,15\n")
        #expect(shuffled.files == decision.files)
    }

    @Test(
        arguments: [
            (good, nil, "missing-output"), (good, "a,b,n\n\"", "parser"), (good, "rate,age\n3,32\n", "mismatch"),
            (good, "a,b,n\n1,1,12\n1,2,13\n2,1,21\n2,2,44\n", "mismatch"),
            ([[9, 13], [21, 34]], "a,b,n\n1,1,9\n1,2,13\n2,1,21\n2,2,34\n", "threshold"),
            ([[0, 13], [21, 34]], "a,b,n\n1,1,0\n1,2,13\n2,1,21\n2,2,34\n", "threshold"),
        ] as [([[Int]], String?, String)]
    )
    func `refuses and tells the researcher one word`(counts: [[Int]], csv: String?, check: String) throws {
        let decision = try Self.decide(try Self.request(counts), csv)
        #expect(decision.outcome == .refuse && decision.files.isEmpty && decision.record == nil)
        #expect(decision.reasons == ["not-released"])
        #expect(decision.findings.filter { $0.outcome == .fail }.map(\.check).contains(check))
        #expect(decision.millibits == 1585)
    }

    @Test func `remembers what it released`() throws {
        let first = try Self.request(Self.good)
        let record = try #require(try Self.decide(first, Self.goodCSV).record)
        let again = try Self.decide(first, Self.goodCSV, history: [ReleaseRecord(stored: record.encoded())])
        #expect(again.outcome == .release && again.comparison.releases == 1 && again.comparison.hits == 0)
        let oneMore = try Self.request([[13, 13], [21, 34]])
        let refused = try Self.decide(oneMore, "a,b,n\n1,1,13\n1,2,13\n2,1,21\n2,2,34\n", history: [record])
        #expect(refused.outcome == .refuse && refused.comparison.hits > 0)
        #expect(refused.findings.first { $0.check == "differencing" }?.outcome == .fail)
    }

    @Test func `stops at the project's capacity`() throws {
        let decision = try Self.decide(try Self.request(Self.good), Self.goodCSV, spent: 65_536_000 - 100)
        #expect(
            decision.outcome == .refuse && decision.findings.contains { $0.check == "capacity" && $0.outcome == .fail }
        )
    }

    @Test(arguments: [
        ("[\"a\",\"c\"]", "", "spec.column"), ("[\"a\",{\"column\":\"b\",\"banding\":\"x\"}]", "", "spec.column"),
        ("[\"a\"]", ",\"statistic\":\"sum\",\"variable\":\"b\"", "spec.variable"),
        ("[\"a\"]", ",\"where\":[{\"column\":\"b\",\"op\":\"eq\",\"value\":\"9\"}]", "spec.predicate"),
    ])
    func `refuses a spec before any row is read`(groupBy: String, more: String, code: String) throws {
        let request = try Self.request(Self.good, spec: try Bench.spec(groupBy, more))
        let error = #expect(throws: GloveboxError.self) {
            try ReleaseGate.check(
                request.spec,
                policy: request.policy,
                description: request.description,
                inputPolicy: request.inputPolicy,
                capabilities: Self.capabilities
            )
        }
        #expect(error?.code == code)
        #expect(throws: GloveboxError(code, "")) { try Self.decide(request, Self.goodCSV) }
    }

    @Test func `refuses columns the input policy hides`() throws {
        let request = try Self.request(Self.good, input: try Bench.input("b"))
        #expect(throws: GloveboxError("spec.column", "")) { try Self.decide(request, Self.goodCSV) }
    }

    @Test(arguments: [
        ("aggregate-table", "spec_source: submitted", "spec_source: job", "spec_source.job"),
        ("ml-model", "unscored: reject", "unscored: review", "check.membership.unscored.review"),
    ])
    func `a spec of the job's own and a model that nobody can score are refused by name`(
        shipped: String,
        from: String,
        to: String,
        name: String
    ) throws {
        let file = Bench.root.appending(path: "Policies/\(shipped).yaml")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        try #require(text.contains(from))
        let all = ReleaseGate.capabilities.union(OpaqueGate.capabilities)
        func missing(_ text: String) throws -> [String] {
            try OutputPolicy(Bench.yaml(text)).unenforced(by: all).map(\.name)
        }
        let looser = try OutputPolicy(Bench.yaml(text.replacing(from, with: to)))
        #expect(try missing(text.replacing(from, with: to)) == (missing(text) + [name]).sorted())
        do {
            try looser.requireEnforced(by: all)
            Issue.record("it is enforced")
        } catch { #expect(error.code == "policy.not-enforced" && error.message.contains(name)) }
    }

    @Test func `refuses a policy that is declared and not done`() throws {
        let request = try Self.request(Self.good)
        #expect(throws: GloveboxError("policy.not-enforced", "")) {
            try ReleaseGate.decide(
                request,
                claim: nil,
                past: .init(history: [], lineageKey: Bench.key(), projectMillibits: 0),
                capabilities: ReleaseGate.capabilities
            )
        }
    }

    @Test func `the record tells the owner all and the researcher little`() throws {
        let request = try Self.request([[9, 13], [21, 34]])
        let decision = try Self.decide(request, "a,b,n\n1,1,9\n1,2,13\n2,1,21\n2,2,34\n")
        let context = DisclosureRecord.Context(
            dataset: .zero,
            supervisorVersion: "0.1",
            requester: "acc_1",
            project: "prj_1",
            decided: Instant(seconds: 0),
            projectMillibits: 1585
        )
        let record = DisclosureRecord(request, decision, lineage: "lin_x", context)
        let owner = record.json(for: .owner)
        #expect(owner["outcome"] == "refuse" && owner["policy"]?["text"] != nil)
        #expect(
            owner["checks"]?.array?.first == [
                "id": "threshold", "version": 1, "outcome": "fail", "cells_failed": 1,
                "parameters": ["min_units": 10, "zeros": "disclosive", "full_cells": "disclosive"],
            ]
        )
        #expect(owner["capacity"] == ["bits": "1.585", "project_before": "0.000", "project_total": "1.585"])
        let researcher = record.json(for: .researcher)
        #expect(
            researcher["checks"]
                == JSONValue.array(
                    ["threshold", "dominance", "differencing", "row_leak"].map { ["id": .string($0), "version": 1] }
                )
        )
        #expect(researcher["differencing"] == nil)
        #expect(try JSONReader.readCanonical(CanonicalJSON.encode(owner)) == owner)
        let other = DisclosureRecord(request, try Self.decide(request, "x"), lineage: "lin_x", context)
            .json(for: .researcher)
        #expect(other == researcher)
    }
}
