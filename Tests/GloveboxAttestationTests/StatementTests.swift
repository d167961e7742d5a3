import GloveboxCore
import Testing

@testable import GloveboxAttestation

@Suite struct StatementTests {
    private func manifestJSON() throws -> JSONValue { try JSONReader.read(Scenario.manifest().bytes) }

    private func refuses(_ value: JSONValue, _ code: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: GloveboxError(code, ""), sourceLocation: sourceLocation) {
            try Manifest(parsing: CanonicalJSON.encode(value))
        }
    }

    @Test func `a plan survives both directions byte for byte`() throws {
        let bytes = Scenario.manifest().bytes
        #expect(try Manifest(parsing: bytes).bytes == bytes)
    }

    @Test func `a plan without the optional parts survives too`() throws {
        var manifest = Scenario.manifest()
        manifest.core.deterministic = nil
        manifest.policies.input = nil
        manifest.policies.processing = nil
        manifest.paramsAllowed = []
        #expect(try Manifest(parsing: manifest.bytes).bytes == manifest.bytes)
    }

    @Test func `two plans of the same work have the same core digest and different digests`() {
        let first = Scenario.manifest()
        let second = Scenario.manifest()
        #expect(first.coreDigest == second.coreDigest)
        #expect(first.digest != second.digest)
    }

    @Test func `a plan has the members of the specification`() throws {
        let predicate = try manifestJSON()["predicate"]
        #expect(
            predicate?.object?.names == [
                "core", "coreDigest", "inputs", "mode", "outputs", "paramsAllowed", "policies", "profile", "project",
                "purpose", "salt", "site", "submitter",
            ]
        )
        #expect(
            predicate?["core"]?.object?.names == [
                "code", "deterministic", "executors", "image", "limits", "params", "profile",
            ]
        )
        #expect(predicate?["core"]?["limits"]?["memoryBytes"] == "2147483648")
    }

    @Test func `refuses plans that are not exactly a plan`() throws {
        var value = try manifestJSON()
        value.edit("predicate", "extra") { _ in "x" }
        refuses(value, "schema.unknown-field")
        value = try manifestJSON()
        value.edit("predicate", "core", "executors", "0", "extra") { _ in "x" }
        refuses(value, "schema.unknown-field")
        value = try manifestJSON()
        value.edit("predicate", "purpose") { _ in nil }
        refuses(value, "schema.missing-field")
        value = try manifestJSON()
        value.edit("predicate", "profile") { _ in "glovebox-plan/2" }
        refuses(value, "schema.version")
        value = try manifestJSON()
        value.edit("predicate", "core", "limits", "pids") { _ in "0128" }
        refuses(value, "json.number")
        for spelt in ["1", "0"] {
            value = try manifestJSON()
            value.edit("predicate", "core", "limits", "processors") { _ in .string(spelt) }
            refuses(value, "schema.value")
        }
        value = try manifestJSON()
        value.edit("predicate", "core", "params", "year") { _ in "1999" }
        refuses(value, "schema.value")
        value = try manifestJSON()
        value.edit("subject", "0", "name") { _ in "code.tar" }
        refuses(value, "schema.value")
        value = try manifestJSON()
        value.edit("predicate", "mode") { _ in "mock" }
        refuses(value, "schema.value")
        value = try manifestJSON()
        value.edit("predicate", "inputs", "0", "commit", "alg") { _ in "sha256" }
        refuses(value, "output.leak")
        value = try manifestJSON()
        value.edit("predicate", "salt") { _ in "AAAA" }
        refuses(value, "base64.invalid")
        value = try manifestJSON()
        value.edit("_type") { _ in "https://in-toto.io/Statement/v0.1" }
        refuses(value, "statement.type")
        value = try manifestJSON()
        value.edit("predicateType") { _ in .string(PredicateType.approval.rawValue) }
        refuses(value, "statement.predicate-type")
        value = try manifestJSON()
        value.edit("subject") { _ in [] }
        refuses(value, "statement.no-subject")
        #expect(throws: GloveboxError("json.not-canonical", "")) {
            try Manifest(parsing: [32] + Scenario.manifest().bytes)
        }
    }

    @Test func `an approval survives both directions and refuses what is not one`() throws {
        let approval = Approval(
            of: Scenario.digest("plan"),
            decision: .refuse,
            account: "acc_1",
            keyID: PersonSigner().publicKey.keyID,
            notBefore: Instant(milliseconds: 1_780_000_000_999),
            comparedWith: Scenario.digest("old"),
            comment: "nö"
        )
        let again = try Approval(parsing: approval.bytes)
        #expect(again.bytes == approval.bytes)
        #expect(again.notAfter.seconds - again.notBefore.seconds == 30 * 86_400)
        var value = try JSONReader.read(approval.bytes)
        value.edit("predicate", "maxRuns") { _ in "0" }
        #expect(throws: GloveboxError("schema.value", "")) { try Approval(parsing: CanonicalJSON.encode(value)) }
        value = try JSONReader.read(approval.bytes)
        value.edit("subject", "0", "name") { _ in "other.json" }
        #expect(throws: GloveboxError("approval.manifest", "")) { try Approval(parsing: CanonicalJSON.encode(value)) }
        value = try JSONReader.read(approval.bytes)
        value.edit("predicate", "decision") { _ in "maybe" }
        #expect(throws: GloveboxError("schema.value", "")) { try Approval(parsing: CanonicalJSON.encode(value)) }
    }

    @Test func `a report survives both directions byte for byte`() throws {
        let report = Scenario.report(Scenario.manifest(), approvals: [], log: [1], quorum: 0)
        let statement = try Statement(parsing: report.statement(), expecting: .report)
        #expect(try Report(predicate: statement.predicate).statement() == report.statement())
        #expect(statement.subjects.map(\.name) == ["manifest.json", "outputs/notes.txt", "outputs/table.csv"])
    }

    @Test func `a report of nothing released still names the plan`() throws {
        var report = Scenario.report(Scenario.manifest(), approvals: [], log: [1], quorum: 0)
        report.outcome = .interrupted
        report.outputs.released = []
        report.jail.readback = nil
        report.usage = Report.Usage()
        report.keyRelease = nil
        let statement = try Statement(parsing: report.statement(), expecting: .report)
        #expect(statement.subjects.map(\.name) == ["manifest.json"])
        #expect(try Report(predicate: statement.predicate).statement() == report.statement())
    }

    @Test func `assurance always admits what emulation cannot prove`() {
        let assurance = Report.Assurance(notProven: ["witness-quorum", "side-channels"])
        #expect(assurance.notProven == ["host-root-honest", "side-channels", "witness-quorum"])
    }
}
