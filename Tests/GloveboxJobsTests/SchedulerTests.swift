import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct SchedulerTests {
    private static let node = Resources(processors: 4, memory: 8, disk: 100)
    private let scheduler = Scheduler(capacity: node)

    private func claim(_ job: String, waited seconds: Int64 = 0, _ processors: Int = 1, _ memory: UInt64 = 1)
        -> Scheduler.Claim
    {
        Scheduler.Claim(
            job: job,
            since: start.adding(seconds: -seconds),
            needs: Resources(processors: processors, memory: memory, disk: 1)
        )
    }

    @Test func `the first in turn that fits starts, and passes larger ones for ten minutes`() {
        let free = Resources(processors: 2, memory: 2, disk: 9)
        #expect(scheduler.next([claim("a"), claim("b")], in: free, at: start) == "a")
        #expect(scheduler.next([claim("large", waited: 599, 3), claim("b")], in: free, at: start) == "b")
        #expect(scheduler.next([claim("large", waited: 600, 3), claim("b")], in: free, at: start) == nil)
        #expect(scheduler.next([claim("wide", waited: 600, 1, 3), claim("b")], in: free, at: start) == nil)
        #expect(scheduler.next([claim("b"), claim("large", waited: 600, 3)], in: free, at: start) == "b")
        #expect(scheduler.next([claim("large", waited: 600, 2)], in: free, at: start) == "large")
        #expect(scheduler.next([], in: free, at: start) == nil)
    }

    @Test(arguments: [
        (Resources(processors: 0, memory: 8, disk: 9), Resources.Kind.processors),
        (Resources(processors: 4, memory: 0, disk: 9), .memory), (Resources(processors: 4, memory: 8, disk: 0), .disk),
    ])
    func `what there is too little of is named`(free: Resources, kind: Resources.Kind) {
        #expect(scheduler.shortage(for: claim("a").needs, in: free) == kind)
        #expect(scheduler.next([claim("a")], in: free, at: start) == nil)
    }

    @Test func `a job larger than the node has it alone`() {
        let huge = Resources(processors: 9, memory: 99, disk: 999)
        #expect(scheduler.shortage(for: huge, in: Self.node) == nil)
        #expect(scheduler.free(beside: [huge]) == Resources(processors: 0, memory: 0, disk: 0))
        #expect(scheduler.shortage(for: huge, in: scheduler.free(beside: [claim("a").needs])) == .processors)
        #expect(scheduler.free(beside: [huge, huge]).processors == 0, "nor is it taken below nothing")
    }

    /// Jobs that come, run and end by chance, second by second.
    private struct Simulation {
        struct Waiting {
            let job: Job
            let claim: Scheduler.Claim
        }

        let scheduler: Scheduler
        var queue = RunQueue()
        var waiting: [Waiting] = []
        var running: [(needs: Resources, ends: Int64)] = []
        /// What started, and when.
        var started: [(job: String, at: Int64)] = []
        private var count: UInt64 = 0

        init(_ scheduler: Scheduler) { self.scheduler = scheduler }

        mutating func submit(_ project: String, _ needs: Resources, at second: Int64) -> String {
            count += 1
            let job = Job(
                id: "\(project)\(count)",
                planDigest: digest(1),
                submitter: "acc_a",
                project: project,
                created: start,
                eventIndex: 1
            )
            let claim = Scheduler.Claim(job: job.id, since: start.adding(seconds: second), needs: needs)
            waiting.append(Waiting(job: job, claim: claim))
            return job.id
        }

        /// Ends what is over, and starts what fits.
        mutating func step(_ second: Int64, lasting seconds: Int64) {
            running.removeAll { $0.ends <= second }
            while true {
                let order = queue.order(waiting.map(\.job)).compactMap { job in
                    waiting.first { $0.job.id == job.id }?.claim
                }
                let free = scheduler.free(beside: running.map(\.needs))
                guard let id = scheduler.next(order, in: free, at: start.adding(seconds: second)),
                    let place = waiting.firstIndex(where: { $0.job.id == id })
                else { return }
                let next = waiting.remove(at: place)
                running.append((next.claim.needs.limited(to: scheduler.capacity), second + seconds))
                started.append((id, second))
                queue.serve(next.job, at: UInt64(started.count))
            }
        }
    }

    @Test func `no more is ever given than there is, nothing idles while a job fits, and every job runs`() {
        var generator = SeededGenerator(state: 11)
        for _ in 0..<15 {
            var simulation = Simulation(scheduler)
            var submitted = 0
            for second in 0..<400 {
                if second < 200, Int.random(in: 0..<3, using: &generator) == 0 {
                    let needs = Resources(
                        processors: Int.random(in: 1...5, using: &generator),
                        memory: UInt64.random(in: 0...9, using: &generator),
                        disk: UInt64.random(in: 0...110, using: &generator)
                    )
                    _ = simulation.submit(
                        "abc".randomElement(using: &generator).map(String.init) ?? "",
                        needs,
                        at: Int64(second)
                    )
                    submitted += 1
                }
                simulation.step(Int64(second), lasting: Int64.random(in: 1...3, using: &generator))
                let held = simulation.running.map(\.needs)
                #expect(held.reduce(0) { $0 + $1.processors } <= Self.node.processors)
                #expect(held.reduce(0) { $0 + $1.memory } <= Self.node.memory)
                #expect(held.reduce(0) { $0 + $1.disk } <= Self.node.disk)
                let free = scheduler.free(beside: held)
                #expect(simulation.waiting.allSatisfy { scheduler.shortage(for: $0.claim.needs, in: free) != nil })
            }
            #expect(simulation.started.count == submitted && simulation.waiting.isEmpty)
        }
    }

    @Test func `projects with many jobs and with few get as many places while both wait`() {
        var simulation = Simulation(Scheduler(capacity: Resources(processors: 2, memory: 8, disk: 8)))
        let one = Resources(processors: 1, memory: 1)
        for _ in 0..<100 { _ = simulation.submit("a", one, at: 0) }
        for _ in 0..<10 { _ = simulation.submit("b", one, at: 0) }
        for second in 0..<10 { simulation.step(Int64(second), lasting: 1) }
        let jobs = simulation.started.map(\.job)
        #expect(jobs.count { $0.hasPrefix("b") } == 10 && jobs.count == 20)
        for project in ["a", "b"] {
            let own = jobs.filter { $0.hasPrefix(project) }.compactMap { Int($0.dropFirst()) }
            #expect(own == own.sorted(), "first in, first out")
        }
    }

    @Test(arguments: [Resources(processors: 4, memory: 1), Resources(processors: 1, memory: 8)])
    func `a stream of small jobs keeps a large one waiting for ten minutes and a run at most`(large: Resources) {
        var simulation = Simulation(scheduler)
        var id = ""
        for second in 0..<Int64(900) {
            // More than there is room for, so that something small always waits.
            for project in ["s", "t"] where simulation.waiting.count < 8 {
                _ = simulation.submit(project, Resources(processors: 1, memory: 2), at: second)
            }
            if second == 100 { id = simulation.submit("l", large, at: second) }
            simulation.step(second, lasting: 7 + second % 3)
            if simulation.started.contains(where: { $0.job == id }) { break }
        }
        let at = simulation.started.first { $0.job == id }?.at
        #expect(at.map { $0 > 110 && $0 <= 100 + Scheduler.patience + 10 } == true, "\(at ?? -1)")
    }
}
