import GloveboxCore
import Testing

@testable import GloveboxJobs

@Suite struct RunQueueTests {
    private func job(_ id: String, project: String = "", submitter: String = "acc_a") -> Job {
        Job(
            id: id,
            planDigest: digest(1),
            submitter: submitter,
            project: project,
            created: start,
            eventIndex: 1
        )
    }

    /// The order in which they run, one at a time.
    private func order(_ jobs: [Job]) -> [String] {
        var queue = RunQueue()
        var waiting = jobs
        var served: [String] = []
        while let next = queue.order(waiting).first {
            served.append(next.id)
            queue.serve(next, at: UInt64(served.count))
            waiting.removeAll { $0.id == next.id }
        }
        return served
    }

    @Test func `projects take turns, and within one the oldest is first`() {
        let jobs = [
            job("a1", project: "a"), job("a2", project: "a"), job("a3", project: "a"), job("b1", project: "b"),
            job("c1", project: "c"), job("b2", project: "b"),
        ]
        #expect(order(jobs) == ["a1", "b1", "c1", "a2", "b2", "a3"])
    }

    @Test func `without a project the submitters take turns`() {
        let jobs = [job("a1"), job("a2"), job("z1", submitter: "acc_z")]
        #expect(order(jobs) == ["a1", "z1", "a2"])
    }

    @Test func `a job's place is the number of turns before it runs`() {
        let jobs = [
            job("a1", project: "a"), job("a2", project: "a"), job("b1", project: "b"), job("b2", project: "b"),
        ]
        var queue = RunQueue()
        queue.serve(job("a0", project: "a"), at: 7)
        let places = jobs.map { queue.place(of: $0.id, among: jobs) }
        #expect(places == [2, 4, 1, 3])
        #expect(queue.place(of: "c1", among: jobs) == nil && queue.place(of: "a1", among: []) == nil)
    }

    @Test func `a project that comes late does not make up for turns it never asked for`() {
        var queue = RunQueue()
        for index in 1...5 { queue.serve(job("a\(index)", project: "a"), at: UInt64(index)) }
        queue.serve(job("b1", project: "b"), at: 6)
        #expect(queue.order([job("b2", project: "b"), job("a6", project: "a")]).map(\.id) == ["a6", "b2"])
        #expect(queue.order([]).isEmpty)
    }

    @Test func `the order of turns is that in which jobs would run one at a time`() {
        var generator = SeededGenerator(state: 5)
        for _ in 0..<200 {
            let jobs = (0..<Int.random(in: 1...12, using: &generator)).map {
                job("j\($0)", project: "abcd".randomElement(using: &generator).map(String.init) ?? "")
            }
            var queue = RunQueue()
            for index in 1...3 where Bool.random(using: &generator) {
                queue.serve(
                    job("x", project: "abc".randomElement(using: &generator).map(String.init) ?? ""),
                    at: UInt64(index)
                )
            }
            let expected = queue.order(jobs).map(\.id)
            var (served, waiting) = ([String](), jobs)
            while let next = queue.order(waiting).first {
                served.append(next.id)
                queue.serve(next, at: UInt64(10 + served.count))
                waiting.removeAll { $0.id == next.id }
            }
            #expect(served == expected)
        }
    }
}
