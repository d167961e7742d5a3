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

    @Test func `what is counted and timed adds up, and a histogram's counts include those below`() {
        let figures = Figures()
        figures.count(.requests, [("route", "/jobs/*"), ("code", "200")])
        figures.count(.requests, [("route", "/jobs/*"), ("code", "200")], by: 2)
        for seconds in [0.05, 0.1, 7, 1e6] { figures.time(.startLatency, seconds) }
        let text = figures.metrics.map(\.text).joined()
        for line in [
            "glovebox_http_requests_total{route=\"/jobs/*\",code=\"200\"} 3",
            "# TYPE glovebox_start_latency_seconds histogram",
            "glovebox_start_latency_seconds_bucket{le=\"0.1\"} 2", "glovebox_start_latency_seconds_bucket{le=\"1\"} 2",
            "glovebox_start_latency_seconds_bucket{le=\"10\"} 3",
            "glovebox_start_latency_seconds_bucket{le=\"+Inf\"} 4", "glovebox_start_latency_seconds_count 4",
            "# TYPE glovebox_denied_actions_total counter",
        ] { #expect(text.contains(line + "\n"), "\(line) is missing in\n\(text)") }
    }
}
