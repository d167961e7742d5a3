import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// `glovebox audit export` from a real site: what is in the file, and what shows when it is changed.
@Suite struct ExportTests {
    private let site: AuditorSite

    init() throws { site = try AuditorSite() }

    @Test func `an export is an ordinary log with keys, trust files, schema and page, and tells its story`() throws {
        let listed = try TestPrograms.run("/bin/tar", ["tf", site.archive])
        let names = Set(listed.output.split(separator: "\n").map(String.init))
        #expect(
            names.isSuperset(of: [
                "checkpoint", "bodies.jsonl", "export.json", "\(AuditorSite.origin).vkey", "schema/ocsf-1.8.0.json",
                "auditor.html", "trust/trust_config.json", "trust/tlog.policy",
            ]),
            "\(listed.output)"
        )
        let verified = try site.audit("verify")
        #expect(verified.status == 0 && verified.output.hasSuffix("VERIFIED\n"), "\(verified.output)")
        let gaps = try site.audit("gaps")
        #expect(gaps.status == 0 && gaps.output.hasSuffix("COMPLETE: nothing is missing\n"), "\(gaps.output)")
        let shown = try site.audit("show")
        #expect(shown.output.contains("audrey (") && shown.output.contains("made an export"), "\(shown.output)")
        #expect(shown.output.contains("each the one its entry commits to") && shown.output.contains("emulated"))
        let lines = try site.audit("show", ["--json"]).output.split(separator: "\n")
        let last = try JSONReader.read(Array(try #require(lines.last).utf8))
        #expect(last["log"]?["verified"] == true && lines.count > 5)
        #expect(try site.audit("job", ["job_x"]).status == 2)
        let wrong = try LogOnDisk().vkey
        let other = try TestPrograms.run("glovebox", ["audit", "show", "--log", site.export, "--key", wrong])
        #expect(other.status == 1 && other.output.contains("REFUSED"), "\(other.output)")
        #expect(!other.output.contains("made an export"), "nothing of a log that does not verify is told")
    }

    @Test func `a copy shows no more than its source, is the same each time, and can show less`() throws {
        for name in ["a", "b"] {
            let run = try site.audit("export", ["--out", site.path(name), "--withhold", "name"])
            try #require(run.status == 0, "\(run.output)")
        }
        let archive = try LogOnDisk.read(site.path("a"))
        #expect(try archive == LogOnDisk.read(site.path("b")))
        let whole = try LogOnDisk.read(site.archive)
        #expect(whole.firstRange(of: Array("\"audrey\"".utf8)) != nil)
        #expect(archive.firstRange(of: Array("\"audrey\"".utf8)) == nil)
        let less = site.path("less")
        #expect(try site.glovebox(["audit", "unpack", site.path("a"), "--out", less]).status == 0)
        #expect(try site.audit("gaps", log: less).status == 0)
        #expect(try !site.audit("show", log: less).output.contains("audrey"))
    }

    /// A change to the private bodies of an export, and the code that names it.
    static let changes: [(String, @Sendable ([Substring]) -> [Substring])] = [
        ("audit.body-missing", { Array($0.dropFirst(2)) }), ("audit.body-missing", { _ in [] }),
        ("audit.body-mismatch", { $0.map { $0.replacing("\"audrey\"", with: "\"audre1\"")[...] } }),
        ("audit.body-format", { $0.reversed() }), ("audit.body-format", { $0 + $0.suffix(1) }),
        ("audit.body-format", { $0 + ["{}"] }),
    ]

    @Test(arguments: changes.indices) func `a private body that is gone or changed is noticed`(number: Int) throws {
        let (code, change) = Self.changes[number]
        let file = site.export + "/bodies.jsonl"
        let lines = String(decoding: try LogOnDisk.read(file), as: UTF8.self).split(separator: "\n")
        try LogOnDisk.write(Array(change(lines).map { $0 + "\n" }.joined().utf8), file)
        let run = try site.audit("gaps")
        #expect(run.status == 1 && run.output.contains(code), "\(run.output)")
    }

    @Test func `an archive that leads elsewhere is not unpacked`() throws {
        for (name, code) in [("link", "archive.type"), ("../out", "archive.path")] {
            let (made, out) = (site.path("made.tar"), site.path("out-\(code)"))
            unsafe symlink("/etc/passwd", site.path("link"))
            let options = ["-P", "--format=ustar", "-cf", made, "-C", site.export, name]
            if name == "link" {
                _ = try TestPrograms.run("/bin/tar", ["--format=ustar", "-cf", made, "-C", site.path(""), name])
            } else {
                try LogOnDisk.write([1], site.path("out"))
                _ = try TestPrograms.run("/bin/tar", options)
            }
            let run = try site.glovebox(["audit", "unpack", made, "--out", out])
            #expect(run.status == 1 && run.output.contains(code), "\(run.output)")
        }
    }
}
