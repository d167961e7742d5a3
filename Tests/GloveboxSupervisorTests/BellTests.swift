import GloveboxJobs
import Testing

@testable import GloveboxSupervisor

/// Who is woken by what.
@Suite struct BellTests {
    private static func isWoken(_ listener: Bell.Listener) async -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        await listener.next(within: .milliseconds(400))
        return clock.now - start < .milliseconds(300)
    }

    @Test(
        arguments: [
            ("a", .running, false, true), ("a", nil, false, true), (nil, nil, false, true),
            ("b", .released, false, false),
            ("a", .released, true, true), ("a", .failed, true, true),
        ] as [(String?, JobPhase?, Bool, Bool)]
    )
    func `who waits for phases of a job hears of those alone, who waits for the job of all its changes`(
        job: String?,
        phase: JobPhase?,
        hearsEnd: Bool,
        hearsJob: Bool
    ) async {
        let bell = Bell()
        let end = bell.listen(to: "a", for: [.released, .failed])
        let (own, all) = (bell.listen(to: "a"), bell.listen())
        bell.ring(of: job, reaching: phase)
        #expect(await Self.isWoken(end) == hearsEnd)
        #expect(await Self.isWoken(own) == hearsJob)
        #expect(await Self.isWoken(all))
    }
}
