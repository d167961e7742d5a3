internal import GloveboxCore

/// Released files: names and digests, in the statement, in the report and in the reader's hands.
enum OutputChecks {
    /// The form of the subjects: `manifest.json` first, then outputs in strict order of their names.
    ///
    /// - Throws: `statement.subject-name`, `statement.subject-digest`.
    static func subjects(_ statement: Statement, _ report: Report, manifest: [UInt8]) throws(GloveboxError) {
        guard let first = statement.subjects.first, first.name.isSame(as: "manifest.json") else {
            throw GloveboxError("statement.subject-name", "the first subject is not manifest.json")
        }
        guard first.digest == Hashing.sha256(manifest), report.manifestDigest == first.digest else {
            throw GloveboxError("statement.subject-digest", "the report is about another plan")
        }
        let names = statement.subjects.dropFirst().map { Array($0.name.utf8) }
        guard zip(names, names.dropFirst()).allSatisfy({ $0.lexicographicallyPrecedes($1) }),
            names.allSatisfy(isOutputName)
        else { throw GloveboxError("statement.subject-name", "an output's name is unsafe, doubled or out of order") }
    }

    /// The subjects are exactly the released files of the report: `output.mismatch`, `output.name-swap`,
    /// `output.extra`, `output.missing`.
    static func released(_ statement: Statement, _ report: Report) -> [GloveboxError] {
        let subjects = statement.subjects.dropFirst().map { ResultFile(name: $0.name, digest: $0.digest) }
        var causes = compare(subjects, with: released(report), complete: true)
        if report.outcome != .released, !report.outputs.released.isEmpty {
            causes.append(GloveboxError("output.extra", "a run that was not released has released files"))
        }
        if causes.isEmpty, report.outputs.released.count != subjects.count {
            causes.append(GloveboxError("output.extra", "a released file stands twice in the report"))
        }
        return causes
    }

    /// The reader's files are the released ones: `output.mismatch`, `output.name-swap`, `output.extra`,
    /// `output.missing`.
    static func files(_ files: [ResultFile], _ report: Report, complete: Bool) -> [GloveboxError] {
        compare(files, with: released(report), complete: complete)
    }

    /// The disclosure record is the one that the report names.
    ///
    /// - Throws: `output.mismatch`.
    static func disclosure(_ file: [UInt8], _ report: Report) throws(GloveboxError) {
        guard report.outputs.disclosure == Hashing.sha256(file) else {
            throw GloveboxError("output.mismatch", "disclosure.json is not the record that the report names")
        }
    }

    /// The signed record is the one that the report names, about this plan and job, under a leaf of the site's own CA.
    ///
    /// - Throws: `output.mismatch`, `envelope.signature-invalid`, `cert.*`, codes of the strict reader.
    static func signedDisclosure(
        _ file: [UInt8],
        _ report: Report,
        _ chain: CertificateChecks
    ) throws(GloveboxError) {
        let envelope = try Envelope(parsing: file)
        let statement = try DisclosureStatement(parsing: envelope.payload)
        guard report.outputs.disclosure == Hashing.sha256(CanonicalJSON.encode(statement.record)),
            statement.manifestDigest == report.manifestDigest, statement.job.isSame(as: report.jobID)
        else {
            throw GloveboxError("output.mismatch", "the signed record is not the one that the report names")
        }
        try chain.chain()
        try chain.extensions()
        try chain.authority()
        try chain.usage()
        try chain.leaf.publicKey.check(envelope.signature, over: envelope.pae)
    }

    private static func released(_ report: Report) -> [ResultFile] {
        report.outputs.released.map { ResultFile(name: $0.name, digest: $0.digest) }
    }

    private static func compare(
        _ found: [ResultFile],
        with expected: [ResultFile],
        complete: Bool
    ) -> [GloveboxError] {
        let wrong = found.compactMap { cause($0, expected) }
        let missing = expected.filter { file in complete && !found.contains { $0.name.isSame(as: file.name) } }
        return wrong + missing.map { GloveboxError("output.missing", "\($0.name) was released and is not here") }
    }

    private static func cause(_ file: ResultFile, _ expected: [ResultFile]) -> GloveboxError? {
        let named = expected.first { $0.name.isSame(as: file.name) }
        if let named, named.digest == file.digest { return nil }
        if let other = expected.first(where: { $0.digest == file.digest }) {
            return GloveboxError("output.name-swap", "\(file.name) has the bytes of \(other.name)")
        }
        guard let named else { return GloveboxError("output.extra", "\(file.name) was not released") }
        return GloveboxError("output.mismatch", "\(file.name) is \(file.digest), the report says \(named.digest)")
    }

    private static func isOutputName(_ name: [UInt8]) -> Bool {
        let text = String(decoding: name, as: UTF8.self)
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count > 1 && parts[0].elementsEqual("outputs".utf8) && Display.escape(text).isSame(as: text)
            && parts.allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
    }
}
