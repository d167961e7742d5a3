import Foundation
import Testing

/// The table of reason codes of the attestation specification, section 12, against the tests that give them.
@Suite struct ReasonCodeTests {
    private static let table: [String: String] = [
        "input": "too-large io nothing-to-compare",
        "json": "duplicate-key depth number encoding trailing not-canonical",
        "base64": "invalid",
        "schema": "unknown-field missing-field version",
        "envelope": "payload-type signature-count signature-encoding signature-invalid algorithm",
        "statement": "type predicate-type no-subject subject-digest subject-name",
        "cert": "chain time usage ca-leaf path-length critical-extension identity issuer sct-missing sct-invalid scope",
        "key": "unknown wrong-role revoked expired",
        "trust": "rollback signature",
        "timestamp": "missing invalid outside-cert",
        "time": "regress future",
        "log": "origin key note-format checkpoint-signature size index proof-length root-mismatch entry-mismatch fork "
            + "rollback quorum",
        "nonce": "missing mismatch encoding",
        "report": "conflict replay",
        "boot": "mismatch",
        "assurance": "emulated debug insecure",
        "svn": "downgrade",
        "reference": "missing mismatch",
        "tpm": "magic type signature pcr-selection pcr-digest event-log extra-data ak clock",
        "code": "mismatch name-encoding name-collision name-control link special-file nested-git limits xattr",
        "rootfs": "mismatch",
        "env": "not-allowed",
        "invocation": "mismatch",
        "jail": "policy bpf readback",
        "approval": "signature manifest expired withdrawn reused threshold separation",
        "policy": "version",
        "output": "mismatch name-swap extra missing leak",
        "privacy": "arithmetic ledger encoding",
        "kbs": "nonce evidence replay log-first budget",
    ]

    /// Codes that no mutation of a report gives, by the folder of the tests that give them.
    private static let elsewhere: [String: String] = [
        "GloveboxAttestationTests": "privacy.arithmetic privacy.ledger privacy.encoding report.replay",
        "GloveboxMeasureTests": "code.name-encoding code.name-collision code.name-control code.link code.special-file "
            + "code.nested-git code.limits code.xattr",
    ]

    @Test func `every reason code of the specification is given by a mutation, or by a test that is named`() throws {
        let all = Set(Self.table.flatMap { family, names in names.split(separator: " ").map { "\(family).\($0)" } })
        let given = Set(Mutations.all.map(\.reason))
        let named = Set(Self.elsewhere.values.flatMap { $0.split(separator: " ").map(String.init) })
        #expect(all.subtracting(given).subtracting(named).sorted() == [], "codes that nothing gives")
        #expect(named.subtracting(all.subtracting(given)).sorted() == [], "codes that are named without need")
        for (folder, codes) in Self.elsewhere {
            let text = try Self.text(of: folder)
            for code in codes.split(separator: " ") {
                #expect(text.contains("\"\(code)\""), "no test in \(folder) gives \(code)")
            }
        }
    }

    /// The tests of a folder, but for this one.
    private static func text(of folder: String) throws -> String {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let files = try FileManager.default.contentsOfDirectory(
            at: tests.appending(path: folder),
            includingPropertiesForKeys: nil
        )
        return try files.filter { $0.lastPathComponent != "ReasonCodeTests.swift" && $0.pathExtension == "swift" }.map {
            try String(contentsOf: $0, encoding: .utf8)
        }.joined()
    }
}
