import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Pictures that jobs drew themselves, beside a table of real rows.
@Suite(.serialized) struct JobFigureTests {
    private static let image = TestPrograms.image("python")
    private static let isReady = image != nil && TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private static let reason: Comment = "needs GLOVEBOX_FAIR_CSV and the image python"
    private static let spec =
        #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"table.csv","group_by":["rate_marriage"]}"#

    private static let chart =
        #"{"apiVersion":"glovebox/v1","kind":"ChartSpec","data":"table.csv","mark":"bar","x":"rate_marriage","y":"n"}"#

    /// A table that may leave, and a red picture of 40 by 30 with a word in a text chunk and another after its end.
    private static let program = """
        import collections, csv, struct, zlib
        counts = collections.Counter(row["rate_marriage"] for row in csv.DictReader(open("/data/fair/fair.csv")))
        with open("/out/table.csv", "w") as out:
            out.write("rate_marriage,n\\n" + "".join(f"{code},{counts[code]}\\n" for code in "12345"))
        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        rows = b"".join(b"\\0" + b"\\xd0\\x60\\x08" * 40 for _ in range(30))
        picture = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 30, 8, 2, 0, 0, 0))
        picture += chunk(b"tEXt", b"Author\\0alice") + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"") + b"hidden"
        # Here the picture can be changed.
        if picture:
            open("/out/figure.png", "wb").write(picture)

        """

    /// A site with the shipped policy and a tick of one second, which would release table and chart by itself; the job where its
    /// run ends.
    private func run(_ trick: String) throws -> (TestSite, JobEntry) {
        let test = try TestSite(image: Self.image)
        let text = try TestSite.text(TestPrograms.repository + "/Policies/figure.yaml")
            .replacing("name: figure,", with: "name: job-figure,").replacing("15m", with: "1s")
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: text))
        let program = Self.program.replacing("# Here the picture can be changed.", with: trick)
        let spec = (name: "table.spec.json", text: Self.spec)
        let job = try test.submit(program, policy: "job-figure", spec: spec, chart: Self.chart, wallSeconds: 8)
        try test.vote(.approve, on: job)
        try test.start()
        for _ in 0..<6 where try test.entry(job).job.phase != .awaitingReview {
            let entry = try ended(test, job)
            if entry.job.phase.isTerminal { return (test, entry) }
        }
        return (test, try test.entry(job))
    }

    private func ended(_ test: TestSite, _ job: String) throws -> JobEntry {
        try test.wait(for: job) {
            $0.job.phase == .awaitingReview && $0.sealed?.tally.isComplete == false
                || $0.job.phase.isTerminal && $0.job.cleanup == .done
        }
    }

    @Test(.enabled(if: isReady, reason))
    func `a picture of the job's own makes two people look, and leaves drawn anew`() throws {
        let (test, entry) = try run("")
        let job = entry.job.id
        try #require(entry.job.phase == .awaitingReview, "\(entry.job.phase) \(entry.explanation ?? "")")
        let shown = try test.release(job, as: .first)
        #expect(shown.files.map(\.path) == ["table.csv", "chart.png", "figure.png", EvidenceFiles.disclosure])
        #expect(shown.quorum.need == 2, "table and chart alone would take none")
        let record = try JSONReader.read(#require(shown.files.last?.content))
        #expect(record["checks"]?.array?.contains { $0["id"] == "figure" && $0["outcome"] == "review" } == true)
        let tools = (record["tools"]?.array ?? []).map { "\($0["kind"]?.string ?? "") \($0["id"]?.string ?? "")" }
        #expect(tools.suffix(2) == ["parser png", "encoder png"], "\(tools)")
        let picture = try #require(shown.files.first { $0.path == "figure.png" }?.content)
        let text = String(decoding: picture, as: UTF8.self)
        #expect(text.contains("PNG") && !text.contains("alice") && !text.contains("hidden") && !text.contains("tEXt"))
        #expect(try test.entry(job).sealed?.millibits ?? 0 > 8000 * Int64(picture.count), "each bit is charged")
        try test.verdict(.approve, on: job, by: .first)
        try test.verdict(.approve, on: job, by: .second)
        let done = try ended(test, job)
        #expect(done.job.phase == .released, "\(done.job.phase) \(done.explanation ?? "")")
        #expect(try test.shownReceipt(job)["figure.png"] == picture)
        #expect(try test.findings().isEmpty)
    }

    @Test(.enabled(if: isReady, reason))
    func `a file that is left out after questions does not leave, and nothing says what was in it`() throws {
        let (test, entry) = try run("")
        let job = entry.job.id
        try #require(entry.job.phase == .awaitingReview, "\(entry.job.phase) \(entry.explanation ?? "")")
        let shown = try test.release(job, as: .first)
        let picture = try #require(shown.files.first { $0.path == "figure.png" }?.content)
        try test.sendBack(job)
        try test.answer(job, ReleaseAnswer(message: "without the picture", drop: ["figure.png"]))
        let left = try test.release(job, as: .first)
        #expect(left.files.map(\.path) == ["table.csv", "chart.png", EvidenceFiles.disclosure])
        #expect(left.bundle != shown.bundle)
        try test.verdict(.approve, on: job, by: .first)
        try test.verdict(.approve, on: job, by: .second)
        let done = try ended(test, job)
        #expect(done.job.phase == .released, "\(done.job.phase) \(done.explanation ?? "")")
        let receipt = try test.shownReceipt(job)
        #expect(receipt["table.csv"] != nil && receipt["chart.png"] != nil && receipt["figure.png"] == nil)
        #expect(try test.report(job).outputs.released.map(\.name) == ["outputs/table.csv", "outputs/chart.png"])
        let record = try JSONReader.read(#require(receipt[EvidenceFiles.disclosure]))
        #expect(record["files"]?.array?.compactMap { $0["name"]?.string } == ["table.csv", "chart.png"])
        let digest = Machine.sha256(picture).hex
        #expect(!receipt.files.contains { String(decoding: $0.content, as: UTF8.self).contains(digest) })
        #expect(try test.findings().isEmpty)
    }

    @Test(
        .enabled(if: isReady, reason),
        arguments: [
            "picture = picture[:-20]", "picture = picture.replace(b'IDAT', b'IDAX')", "picture = b'GIF89a'",
            "import random; rows = b''.join(b'\\0' + random.randbytes(1200) for _ in range(400))\n"
                + "picture = picture[:8] + chunk(b'IHDR', struct.pack('>IIBBBBB', 400, 400, 8, 2, 0, 0, 0))"
                + " + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')",
        ]
    )
    func `a damaged picture, or one that carries too much, withholds its table, too`(trick: String) throws {
        let (test, entry) = try run(trick)
        #expect(
            entry.job.phase == .withheld && entry.explanation?.contains("figure") == true,
            "\(entry.job.phase) \(entry.explanation ?? "")"
        )
        #expect(entry.sealed == nil && !test.hasSealed(entry.job.id))
    }

    @Test(.enabled(if: isReady, reason))
    func `without a picture the table leaves as it would`() throws {
        let (test, entry) = try run("picture = b''")
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        #expect(try test.shownReceipt(entry.job.id)["table.csv"] != nil)
    }
}
