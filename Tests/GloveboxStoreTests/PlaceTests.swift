import GloveboxCore
import GloveboxTransparency
import Testing

@testable import GloveboxStore

/// The places callers are given before their record is written.
@Suite struct PlaceTests {
    private static func ticket(job: String? = nil, key: String? = nil, count: Int = 1) throws -> Ticket {
        var random = BufferedRandom()
        let template = try Event(kind: .jobQueued, job: job).template(
            at: Instant(milliseconds: 0),
            monotonic: 0,
            context: EventContext(
                origin: "log.datasite.example",
                datasite: "site_a",
                version: "0.1.0",
                bootID: "boot",
                supervisor: .zero,
                config: .zero,
                pseudonymKey: [UInt8](0..<32)
            ),
            using: &random
        )
        let draft = Draft.Event(
            template: template,
            job: job.map(LogIndex.Name.job),
            key: key.map(LogIndex.Name.key),
            nonce: BodySeal.nonce(using: &random)
        )
        return Ticket([Draft](repeating: .event(draft), count: count))
    }

    private static func state() -> LogState {
        LogState(stack: TileStack(), index: LogIndex(), note: [], published: nil)
    }

    @Test func `a job's events follow each other across records that wait, are written and were written`() throws {
        var state = Self.state()
        var places: [Ticket.Place] = []
        func join() throws {
            let ticket = try Self.ticket(job: "job_a")
            let waiting = state.queue.count
            _ = state.join(ticket)
            #expect(state.queue.count == waiting + 1)
            places += ticket.places
        }
        try join()
        let first = state.take()?.batch
        #expect(first?.firstIndex == 0 && first?.count == 1)
        try join()
        _ = state.join(try Self.ticket(count: JournalRecord.maxItems - 1))
        try join()
        var stack = TileStack()
        stack.append([0])
        state.accept(stack, [])
        #expect(state.take()?.batch.nextIndex == UInt64(1 + JournalRecord.maxItems))
        try follow(&state, &places)
        #expect(places.map(\.index) == [0, 1, 257, 258])
        #expect(places.map(\.previousOfJob) == [nil, 0, 1, 257])
    }

    private func follow(_ state: inout LogState, _ places: inout [Ticket.Place]) throws {
        let ticket = try Self.ticket(job: "job_a")
        let waiting = state.queue.last?.gathering
        #expect(state.join(ticket) === waiting)
        places += ticket.places
    }

    @Test func `a key that waits or is being written has one place, and none once it was refused`() throws {
        var state = Self.state()
        let first = try Self.ticket(key: "key_a")
        let gathering = state.join(first)
        let second = try Self.ticket(key: "key_a")
        #expect(state.join(second) === gathering)
        #expect(state.take()?.batch.count == 1)
        let third = try Self.ticket(key: "key_a")
        #expect(state.join(third) !== gathering)
        #expect([first, second, third].flatMap(\.places).map(\.index) == [0, 0, 0])
        #expect([first, second, third].flatMap(\.places).map(\.isKnown) == [false, true, true])
        #expect(state.refuseAll().count == 1)
        let fourth = try Self.ticket(key: "key_a")
        _ = state.join(fourth)
        #expect(fourth.places.map(\.index) == [0] && fourth.places.map(\.isKnown) == [false])
    }
}
