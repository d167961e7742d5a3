import GloveboxCore
import GloveboxJobs
import Testing

/// A small generator with a seed, so that a failure can be seen again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

@Suite struct JobPropertyTests {
    @Test(arguments: 0..<40) func `random events never reach an illegal phase and ends absorb`(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        var reached: Set<JobPhase> = []
        for _ in 0..<250 {
            var job = newJob()
            for _ in 0..<120 {
                let before = job
                guard let change = everyChange.randomElement(using: &generator) else { return }
                let stale = Int.random(in: 0..<20, using: &generator) == 0
                let event = JobEvent(
                    index: job.eventIndex + 1,
                    after: job.eventIndex - (stale ? 1 : 0),
                    at: start.adding(seconds: Int64(job.eventIndex)),
                    change
                )
                do { _ = try job.apply(event) } catch {
                    #expect(job == before, "a refused event changed the job")
                    #expect(error.code == (stale ? "object.conflict" : "job.phase"))
                    continue
                }
                check(before, job, change)
            }
            for transition in job.transitions { reached.insert(transition.phase) }
        }
        #expect(reached.contains(.running) || reached.contains(.staging))
    }

    private func check(_ before: Job, _ after: Job, _ change: JobChange) {
        if after.phase != before.phase {
            #expect(before.phase.successors.contains(after.phase), "\(before.phase) to \(after.phase)")
            #expect(after.transitions.count == before.transitions.count + 1)
        }
        #expect(after.transitions.last?.phase == after.phase)
        #expect(after.phase.isTerminal == (after.waiting == nil))
        #expect(after.phase.isTerminal == (after.cleanup != nil))
        if before.phase.isTerminal { #expect(after.phase == before.phase && change == .cleaned) }
        if after.phase == .released {
            #expect(after.report != nil && after.bundle != nil && (after.verdict == .release || after.review == true))
            #expect(!after.transitions.contains { $0.phase == .cancelled })
        }
        if after.phase == .running { #expect(after.lastRun?.nonce != nil && after.lastRun?.measured != nil) }
        #expect(after.runs.count(where: { $0.started != nil && $0.exit == nil }) <= 1)
        #expect(after.eventIndex > before.eventIndex)
    }

    @Test func `every phase but the ends has a way to an end`() {
        var ending = Set(JobPhase.allCases.filter(\.isTerminal))
        for _ in JobPhase.allCases {
            for phase in JobPhase.allCases where !phase.successors.isDisjoint(with: ending) { ending.insert(phase) }
        }
        #expect(ending.count == JobPhase.allCases.count)
        for phase in JobPhase.allCases { #expect(phase.isTerminal == phase.successors.isEmpty) }
    }
}
