import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Files are swapped while jobs are submitted and run: what runs is what the report says.
@Suite struct SwapTests {
    private static let isLong = TestPrograms.variable("GLOVEBOX_LONG") != nil
    /// Jobs that must have run.
    private static let jobs = isLong ? 12 : 3
    /// Swaps that must have happened meanwhile; a normal run does several thousand.
    private static let swaps = isLong ? 10_000 : 1000
    /// Jobs that are handed in at most: the policy's runs in a day.
    private static let attempts = 20

    @Test(.enabled(if: geteuid() == 0, "sees the workload through /proc"))
    func `what runs is what the report says, while code, image and data are swapped`() throws {
        let site = try SwapSite()
        defer { site.end() }
        let (swapper, count) = try TestPrograms.start("/usr/bin/python3", site.swapper)
        defer { swapper.kill() }
        var ran: [(job: String, code: String)] = []
        var refused = 0
        for attempt in 0..<Self.attempts where ran.count < Self.jobs {
            let marker = "swap\(getpid())-\(attempt)"
            guard let job = try site.submit(marker),
                let code = try site.measureRunning(marker, job, mayBeRefused: ran.isEmpty)
            else {
                refused += 1
                continue
            }
            ran.append((job, code))
        }
        for (job, code) in ran {
            let verified = try site.verify(job, code: code)
            #expect(verified.status == 0, "\(verified.output)")
            let other = try site.verify(job, code: site.original)
            #expect(other.status != 0 && other.output.contains("code.mismatch"), "\(other.output)")
        }
        _ = try TestPrograms.run("/bin/kill", ["-TERM", "\(swapper.pid)"])
        let text = String(decoding: try count.readAll(limit: 10_000), as: UTF8.self)
        _ = try swapper.wait()
        let swaps = try #require(Int(text.split(separator: "\n").last ?? ""), "\(text)")
        #expect(swaps >= Self.swaps && ran.count == Self.jobs, "\(swaps) swaps, \(ran.count) ran, \(refused) refused")
    }
}
