import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// The node that a report names, and what that signed.
@Suite struct NodeClaimTests {
    private static let day: Int64 = 86400

    /// A report of a run on `blade-7`, and what the node signed; `name` stands in the node's certificate.
    private static func signed(by name: String = "blade-7") throws -> (report: Report, checks: (Report) -> NodeChecks) {
        var report = Scenario.report(Scenario.manifest(), approvals: [], log: [], quorum: 1)
        report.node = "blade-7"
        report.assurance.notProven.append(NodeChecks.claim)
        let began = Scenario.start.adding(seconds: -day)
        let root = try CertificateAuthority.makeRoot(site: "t", now: began)
        let nodes = try root.makeNodes(site: "t", now: began)
        let key = SigningKey()
        let certificate = try nodes.issueNode(
            NodeRequest.make(name: name, key: key),
            now: began,
            notAfter: began.adding(seconds: 30 * day)
        )
        let statement = NodeStatement(
            job: report.jobID,
            run: report.run,
            plan: report.manifestDigest,
            order: .zero,
            launcher: report.attester.launcher,
            protections: [:],
            result: .zero
        )
        let files = [
            EvidenceFiles.node(0): try key.sign(statement.payload, type: NodeStatement.type).bytes,
            EvidenceFiles.nodeLeaf: PEM.encode(certificate, label: "CERTIFICATE"),
            EvidenceFiles.nodeAuthority: PEM.encode(nodes.certificate, label: "CERTIFICATE"),
        ]
        let above = try ParsedCertificate(root.certificate)
        return (report, { NodeChecks(report: $0, files: files, root: above) })
    }

    @Test func `the node that a report names is the one whose certificate signed what ran`() throws {
        let (report, checks) = try Self.signed()
        #expect(checks(report).causes.isEmpty, "\(checks(report).causes)")
        var other = report
        other.node = "blade-8"
        #expect(checks(other).causes.map(\.code) == ["node.certificate"])
        other.node = nil
        #expect(checks(other).causes.map(\.code) == ["node.statement"])
        other = report
        other.assurance.notProven.removeAll { $0 == NodeChecks.claim }
        #expect(checks(other).causes.map(\.code) == ["node.statement"])
        let (named, borrowed) = try Self.signed(by: "blade-9")
        #expect(borrowed(named).causes.map(\.code) == ["node.certificate"])
    }

    @Test func `a report names its node strictly, and a local run's names none`() throws {
        var report = try Self.signed().report
        let read = try Report(predicate: report.predicate)
        #expect(read.node == "blade-7" && read.predicate == report.predicate)
        for name in ["", "Blade-7", "blade 7", "-a", "a-", String(repeating: "a", count: 64)] {
            report.node = name
            #expect(throws: GloveboxError("schema.value", ""), "\(name)") { try Report(predicate: report.predicate) }
        }
        report.node = nil
        #expect(report.predicate["node"] == nil)
        #expect(try Report(predicate: report.predicate).node == nil)
        let start = try Report.reading(start: JSONReader.read(Self.signed().report.start())["predicate"] ?? .null)
        #expect(start.report.node == "blade-7")
    }

    @Test func `a verifier shows the node, and says what its word is worth`() throws {
        var scenario = Scenario()
        scenario.editReport = {
            $0.node = "blade-7"
            $0.assurance.notProven.append(NodeChecks.claim)
        }
        let verdict = try scenario.verdict()
        #expect(verdict.facts.contains { $0.hasPrefix("node       blade-7 ") }, "\(verdict.facts)")
        #expect(try !Scenario().verdict().facts.contains { $0.hasPrefix("node ") })
    }

    @Test func `a plan that demands full isolation verifies where nothing but its own profile is weaker`() throws {
        var scenario = Scenario()
        scenario.editManifest = { $0.core.isolation = .full }
        scenario.editReport = { $0.assurance.weaker = ["host-counters"] }
        let verdict = try scenario.verdict()
        #expect(verdict.isVerified, "\(verdict.story)")
        let manifest = try scenario.build().manifest
        #expect(try Manifest(parsing: manifest.bytes).core.isolation == .full)
        #expect(Scenario.manifest().core.json["isolation"] == nil)
        let text = String(decoding: manifest.bytes, as: UTF8.self)
        let half = text.replacing(#""isolation":"full""#, with: #""isolation":"half""#)
        #expect(half != text)
        #expect(throws: (any Error).self) { try Manifest(parsing: Array(half.utf8)) }
        let changes = PlanDifference(from: Scenario.manifest(), to: manifest).changes
        #expect(changes.contains { $0.field == "core.isolation" && $0.before == nil && $0.after == "full" })
    }
}
