import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// A site whose image store, dataset's source and researcher's directory are not safe from others.
struct SwapSite {
    /// Code that never runs.
    let original = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs"
    /// The researcher's directory.
    private let code: String
    /// What swaps files there and at the site, as arguments of Python.
    let swapper: [String]
    private let site: ServedSite
    private var state: String { site.state }

    /// Whether the second table is the first one's rows in another order, as far as it has the columns.
    private static let compare = """
        import csv, sys
        registered, seen = ([*csv.DictReader(open(path, newline=""))] for path in sys.argv[1:])
        names = seen[0].keys()
        key = lambda rows: sorted([float(row[name]) for name in names] for row in rows)
        sys.exit(len(names) < 8 or key(registered) != key(seen))
        """

    init() throws {
        let state = try TestPrograms.scratch()
        code = state + "/code"
        let table = state + "/fair.csv"
        let fixtures = TestPrograms.repository + "/Tests/EndToEnd/Fixtures"
        let prepare = """
            cp -r \(original) \(code) && cp \(ServedSite.demoTable) \(table) && head -c 4096 /dev/zero >\(code)/part &&
            touch \(code)/part2 && mkfs.erofs \(state)/other.erofs \(code)
            """
        let prepared = try TestPrograms.run("/bin/sh", ["-c", prepare])
        try #require(prepared.status == 0, "\(prepared.output)")
        let name = try #require(TestPrograms.image("python")).split(separator: "/").last ?? ""
        swapper = [fixtures + "/swap.py", code, table, "\(state)/images/images/\(name)", state + "/other.erofs"]
        site = try ServedSite(state: state, table: table)
    }

    func end() { site.end() }

    /// How often the swapper swapped, to a hundred.
    func swaps() throws -> Int {
        let text = try Kernel.readText(state + "/swaps")
        return try #require(Int(text), "\(text)")
    }

    /// The job, approved; nil when the tree changed while it was read, which is refused.
    func submit(_ marker: String) throws -> String? {
        let outcome = try site.glovebox([
            "submit", code, "--dataset", "fair", "--image", "python", "--policy", "demo-table", "--wall", "10s",
            "--json", "--profile", "alice", "--", "python3", "main.py", marker,
        ])
        guard outcome.status == 0 else {
            try #require(outcome.output.contains("code.mismatch") || outcome.output.contains("input.io"), "\(outcome)")
            return nil
        }
        let job = try #require(try JSONReader.read(Array(outcome.output.utf8))["id"]?.string)
        _ = try site.must(["approve", job, "--yes", "--profile", "rita"])
        return job
    }

    /// Digest of the code as the running job has it before its eyes, whose rows must be those registered.
    ///
    /// Until one job ran, the supervisor may find another image in the store and refuse: then nil.
    /// Afterwards the image is measured, and no swap may hinder a job.
    func measureRunning(_ marker: String, _ job: String, mayBeRefused: Bool) throws -> String? {
        for _ in 0..<600 {
            let found = try TestPrograms.run("/usr/bin/pgrep", ["-of", "^python3 main.py \(marker)"]).output
            if let process = Int32(found.split(separator: "\n").first ?? "") {
                return try measure("/proc/\(process)/root", copy: "\(state)/\(marker)")
            }
            if mayBeRefused, try site.must(["status", job, "--json", "--profile", "alice"]).contains("rootfs.mismatch")
            {
                return nil
            }
            usleep(10_000)
        }
        throw GloveboxError(
            "test",
            "the job never ran: \(try site.must(["status", job, "--json", "--profile", "alice"]))"
        )
    }

    private func measure(_ root: String, copy: String) throws -> String {
        // The directory for results is the jail's and no part of the code.
        let copied = try TestPrograms.run("/bin/sh", ["-c", "cp -a \(root)/job/code \(copy) && rmdir \(copy)/outputs"])
        try #require(copied.status == 0, "\(copied.output)")
        let compared = try TestPrograms.run(
            "/usr/bin/python3",
            ["-c", Self.compare, ServedSite.demoTable, root + "/data/fair/fair.csv"]
        )
        #expect(compared.status == 0, "the job saw other rows than those registered: \(compared.output)")
        let measured = try JSONReader.read(Array(site.must(["measure", copy, "--json"]).utf8))
        return try #require(measured["digest"]?["narSha256"]?.string)
    }

    /// The verdict on the job's own report, expecting that code.
    func verify(_ job: String, code: String) throws -> TestPrograms.Outcome {
        let directory = state + "/" + job
        if unsafe access(directory, F_OK) != 0 {
            _ = try site.glovebox(["status", job, "--wait", "--profile", "alice"])
            _ = try site.must(["fetch", job, "-o", directory, "--profile", "alice"])
        }
        return try site.glovebox([
            "verify", directory + "/report.dsse.json", "--trust", state + "/trust_config.json", "--expect-code", code,
            "--accept", "emulated",
        ])
    }
}
