internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure

/// A report before it is known how the job ends: what a reviewed release keeps of its run.
struct ReportDraft: Sendable {
    /// The report of the run; outcome and place in the log are still to come.
    var report: Report
    /// The start statement and its certificate.
    let start: [NamedFile]
    /// What leaves if the job is released.
    private(set) var files: [Decision.File]
    /// The researcher's copy of the disclosure record.
    var disclosure: [UInt8]?
    /// The owner's copy; nil before anything was decided.
    var record: [UInt8]?
    /// Thousandths of a bit that a release is charged with.
    private(set) var millibits: Int64

    init(report: Report, start: [NamedFile], files: [Decision.File], disclosure: [UInt8]?, millibits: Int64) {
        (self.report, self.start, self.files) = (report, start, files)
        (self.disclosure, self.millibits) = (disclosure, millibits)
        record = nil
    }

    /// Takes in what was decided on what the run left, and what of that stays inside.
    mutating func take(_ decision: Decision?, disclosure: [UInt8], withheld: [(bytes: [UInt8], reason: String)] = []) {
        files = decision?.files ?? []
        millibits = decision?.millibits ?? 0
        self.disclosure = disclosure
        let rules = decision?.findings.map { "\($0.check):\($0.outcome)" } ?? []
        report.outputs = Report.Outputs(
            released: files.map {
                Report.Released(
                    name: "outputs/\($0.name)",
                    digest: Machine.sha256($0.bytes),
                    size: UInt64($0.bytes.count),
                    rules: rules
                )
            },
            withheld: withheld.map {
                Report.Withheld(commit: .salted($0.bytes, salt: Machine.random(32)), reason: $0.reason)
            },
            disclosure: Machine.sha256(disclosure)
        )
    }

    /// Leaves out files that the researcher took back: the commitment to all that the run left covers them.
    mutating func leaveOut(_ names: Set<String>) {
        files.removeAll { names.contains($0.name) }
        report.outputs.released.removeAll { released in names.contains { "outputs/\($0)" == released.name } }
    }

    /// Leaves out what a run on private data could speak through; nil names what everybody is told of one without a result.
    ///
    /// Whatever it left, one commitment stands for all of it.
    mutating func fold(_ unreleased: (disclosure: [UInt8], record: [UInt8])?) {
        report.usage = Report.Usage()
        report.time.monotonicNs = nil
        if report.outputs.withheld.isEmpty {
            let commitment = Commitment.salted([], salt: Machine.random(32))
            report.outputs.withheld = [Report.Withheld(commit: commitment, reason: "")]
        }
        guard let unreleased else { return }
        report.outputs.withheld[0].reason = "not-released"
        disclosure = unreleased.disclosure
        if record == nil { record = unreleased.record }
    }

    /// Reads the kept form.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "draft")
        report = try Report(predicate: fields.required("report"))
        start = try NamedFiles(json: fields.required("start")).files
        files = try NamedFiles(json: fields.required("files")).files.map { Decision.File($0.path, $0.content) }
        disclosure = fields.optional("disclosure").map { CanonicalJSON.encode($0) }
        record = fields.optional("record").map { CanonicalJSON.encode($0) }
        millibits = try fields.integer("millibits")
        try fields.finish()
    }

    /// The kept form.
    ///
    /// - Throws: codes of the strict reader, for a record that is none.
    func json() throws(GloveboxError) -> JSONValue {
        var json = JSONObject([
            ("report", report.predicate), ("start", NamedFiles(start).json),
            ("files", NamedFiles(files.map { NamedFile(path: $0.name, content: $0.bytes) }).json),
            ("millibits", .integer(millibits)),
        ])
        if let disclosure { json["disclosure"] = try JSONReader.readCanonical(disclosure) }
        if let record { json["record"] = try JSONReader.readCanonical(record) }
        return .object(json)
    }
}
