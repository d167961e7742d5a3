import GloveboxAPI
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxSupervisor

@Suite struct WatchTests {
    @Test func `no job starts below 5 percent of the disk, or 2 GiB where that is less`() {
        #expect(Site.lowWater(of: DiskSpace(total: 100 << 30, available: 0)) == 2 << 30)
        #expect(Site.lowWater(of: DiskSpace(total: 20 << 30, available: 0)) == 1 << 30)
    }

    @Test func `figures are in Prometheus' text format, with labels that name nobody`() {
        let metric = Metric("jobs", "Jobs by phase.", by: "phase", [("queued", 2), ("a\"b\\c\n", 0.5)])
        let text = """
            # HELP glovebox_jobs Jobs by phase.
            # TYPE glovebox_jobs gauge
            glovebox_jobs{phase="queued"} 2
            glovebox_jobs{phase="a\\"b\\\\c\\n"} 0.5

            """
        #expect(metric.text == text)
        let counter = Metric("log_entries_total", "x", .counter, 7)
        #expect(counter.text.hasSuffix(" counter\nglovebox_log_entries_total 7\n"))
    }
}
