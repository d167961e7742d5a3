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
    @Test func `random events never reach an illegal phase, and ends absorb`() throws {
        var generator = SeededGenerator(state: 2)
        var reached: Set<JobPhase> = []
        for _ in 0..<1200 {
            var job = newJob()
            for _ in 0..<60 {
                let before = job
                let change = pick(for: job, &generator)
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
        #expect(reached == Set(JobPhase.allCases))
    }

    /// Sometimes anything; else one that is legal, seldom one that ends the job, so that all phases are reached.
    private func pick(for job: Job, _ generator: inout SeededGenerator) -> JobChange {
        let any = everyChange[Int.random(in: 0..<everyChange.count, using: &generator)]
        guard Int.random(in: 0..<8, using: &generator) > 0, !job.phase.isTerminal else { return any }
        let weighted = everyChange + [JobChange](repeating: .ended(.exit(0)), count: 10)
        for change in weighted.shuffled(using: &generator) {
            // Or few jobs would get far.
            if case .interrupted = change, Int.random(in: 0..<10, using: &generator) > 0 { continue }
            var next = job
            let event = JobEvent(index: job.eventIndex + 1, after: job.eventIndex, at: start, change)
            do { _ = try next.apply(event) } catch { continue }
            if next.phase != job.phase && !next.phase.isTerminal || next.runs != job.runs || next.verdict != job.verdict
            {
                return change
            }
            if next.review != job.review || Int.random(in: 0..<25, using: &generator) == 0 { return change }
        }
        return any
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
