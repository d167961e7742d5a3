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
    /// Jobs that run at most: the policy's runs in a day.
    private static let mostRuns = 20

    @Test(.enabled(if: geteuid() == 0, "sees the workload through /proc"))
    func `what runs is what the report says, while code, image and data are swapped`() throws {
        let site = try SwapSite()
        defer { site.end() }
        let (swapper, _) = try TestPrograms.start("/usr/bin/python3", site.swapper)
        defer { swapper.kill() }
        var ran: [(job: String, code: String)] = []
        var refused = 0
        while ran.count < Self.mostRuns, try ran.count < Self.jobs || site.swaps() < Self.swaps, refused < 100 {
            let marker = "swap\(getpid())-\(ran.count + refused)"
            guard let job = try site.submit(marker),
                let code = try site.measureRunning(marker, job, mayBeRefused: ran.isEmpty)
            else {
                refused += 1
                continue
            }
            ran.append((job, code))
        }
        let swaps = try site.swaps()
        #expect(swaps >= Self.swaps && ran.count >= Self.jobs, "\(swaps) swaps, \(ran.count) ran, \(refused) refused")
        for (job, code) in ran {
            let verified = try site.verify(job, code: code)
            #expect(verified.status == 0, "\(verified.output)")
            let other = try site.verify(job, code: site.original)
            #expect(other.status != 0 && other.output.contains("code.mismatch"), "\(other.output)")
        }
    }
}
