import GloveboxCore

@testable import GloveboxAttestation

/// Payloads of envelopes: report, start statement, plan, approval, in-toto layout and link, trust policy.
enum StatementTarget: FuzzTarget {
    static let name = "statement"

    private static let person = PersonSigner().publicKey
    private static let root = SigningKey().publicKey

    static var seeds: [[UInt8]] {
        let statement = Statement(
            .report,
            subjects: [Subject(name: "manifest.json", digest: .zero)],
            predicate: ["profile": "glovebox-report/1", "nonce": "AAAA"]
        )
        let layout = WorkflowLayout(
            owner: person,
            researchers: [person],
            reviewers: [person],
            supervisor: person,
            threshold: 1,
            expires: Instant(seconds: 2_000_000_000)
        )
        let approval = Approval(
            of: .zero,
            decision: .approve,
            account: "a",
            keyID: person.keyID,
            notBefore: Instant(seconds: 1_700_000_000)
        )
        return [statement.bytes, layout.bytes, approval.bytes]
    }

    static func read(_ bytes: [UInt8]) {
        do {
            let statement = try Statement(parsing: bytes, expecting: .report)
            precondition(statement.bytes == bytes, "the statement has two forms")
            let report = try Report(predicate: statement.predicate)
            precondition(report.predicate == statement.predicate, "the report has two forms")
            _ = try Report.reading(start: statement.predicate, of: report)
        } catch {}
        do {
            let layout = try WorkflowLayout(parsing: bytes)
            precondition(layout.bytes == bytes, "the layout has two forms")
        } catch {}
        do { _ = try Manifest(parsing: bytes) } catch {}
        do { _ = try Approval(parsing: bytes) } catch {}
        do { _ = try TrustPolicy.open(bytes, root: root) } catch {}
        do { _ = try WorkflowArtifacts(reading: JSONReader.read(bytes)) } catch {}
    }
}
