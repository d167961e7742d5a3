import GloveboxStore
import Testing

/// The self-test's counting of durations.
@Suite struct LatenciesTests {
    @Test(arguments: [0, 1, 255, 256, 511, 1000, 99_999, 60_000_000_000, UInt64.max])
    func `keeps a duration to within one per cent`(duration: UInt64) {
        var latencies = Latencies()
        latencies.add(duration)
        for share in [0, 50, 99, 100] as [UInt64] {
            let kept = latencies.percentile(share)
            #expect(kept <= duration && duration - kept <= duration / 100)
        }
    }

    @Test func `gives percentiles of many`() {
        var latencies = Latencies()
        #expect(latencies.percentile(50) == 0)
        for duration in 1...200 as ClosedRange<UInt64> { latencies.add(duration) }
        #expect(latencies.count == 200)
        #expect([1, 50, 99].map { latencies.percentile($0) } == [3, 101, 199])
    }
}
