import GloveboxCore
import GloveboxStore
import GloveboxTransparency
import Testing

/// A retried event has one leaf.
@Suite struct IdempotencyTests {
    private let site: Site

    init() throws { site = try Site() }

    private func event(_ key: String?) -> Event { Self.event(key) }

    private static func event(_ key: String?) -> Event {
        Event(kind: .jobPhaseChanged, job: "job_a", idempotencyKey: key)
    }

    @Test func `gives a retried event the index it has, in a batch, later, and after a restart`() throws {
        try site.withLog { log throws in
            #expect(try log.append([event("a"), event("b"), event("a"), event(nil)]) == [0, 1, 0, 2])
            #expect(try log.append([event("b")]) == [1])
            #expect(try log.append([event("c"), event("b"), event("d")]) == [3, 1, 4])
        }
        try site.withLog { log throws in
            #expect(try log.append([event("d"), event("a")]) == [4, 0])
            #expect(log.size == 5)
        }
    }

    @Test func `gives one leaf to many threads that retry the same events`() async throws {
        let log = try site.open()
        let answers = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<8 {
                group.addTask { try (0..<20).map { try log.append([Self.event("k\($0)")])[0] } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        log.close()
        #expect(log.size == 20)
        #expect(answers.allSatisfy { $0 == answers[0] })
        #expect(answers[0].sorted() == Array(0..<20))
    }
}
