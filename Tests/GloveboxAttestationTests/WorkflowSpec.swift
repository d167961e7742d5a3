import GloveboxCore

@testable import GloveboxAttestation

/// How the in-toto evidence of a scenario is made; the default is what a site makes.
struct WorkflowSpec {
    var isMade = true
    let owner = PersonSigner()
    let supervisor = PersonSigner()
    var ownerSigner: PersonSigner?
    var submitter: PersonSigner?
    var reviewSigners: [PersonSigner]?
    var editLayout: (inout WorkflowLayout) -> Void = { _ in }
    var editLayoutFile: (inout JSONValue) -> Void = { _ in }
    var editLink: (WorkflowStep, inout JSONValue) -> Void = { _, _ in }
    var expires = Scenario.start.adding(seconds: WorkflowLayout.retentionSeconds)

    /// The files under `lay/`.
    func files(
        _ manifest: Manifest,
        _ report: Report,
        _ researcher: PersonSigner,
        _ reviewers: [PersonSigner]
    ) throws -> [(name: String, bytes: [UInt8])] {
        var layout = WorkflowLayout(
            owner: owner.publicKey,
            researchers: [researcher.publicKey],
            reviewers: reviewers.map(\.publicKey),
            supervisor: supervisor.publicKey,
            threshold: UInt64(max(1, reviewers.count)),
            expires: expires
        )
        editLayout(&layout)
        var value = try JSONReader.read(layout.bytes)
        editLayoutFile(&value)
        var files: [(name: String, bytes: [UInt8])] = [
            (EvidenceFiles.layout, try (ownerSigner ?? owner).sign(CanonicalJSON.encode(value)).bytes),
            (EvidenceFiles.ownerKey, owner.publicKey.pem),
        ]
        func link(_ step: WorkflowStep, _ bytes: [UInt8], by signer: PersonSigner) throws {
            var value = try JSONReader.read(bytes)
            editLink(step, &value)
            let envelope = try signer.sign(CanonicalJSON.encode(value))
            files.append((EvidenceFiles.link(step, envelope), envelope.bytes))
        }
        try link(.onboard, WorkflowLink.onboard(.data(manifest) + .policies(manifest)), by: owner)
        try link(.submit, WorkflowLink.submit(manifest), by: submitter ?? researcher)
        for reviewer in reviewSigners ?? reviewers { try link(.review, WorkflowLink.review(manifest), by: reviewer) }
        try link(.run, WorkflowLink.run(manifest, report.outputs), by: supervisor)
        try link(.release, WorkflowLink.release(manifest, report.outputs), by: supervisor)
        let known = ["table.csv": Scenario.table, "notes.txt": Scenario.notes]
        for file in report.outputs.released {
            if let bytes = known[file.receivedName] {
                files.append((EvidenceFiles.inspected(file.receivedName), bytes))
            }
        }
        return files
    }
}
