import GloveboxCore
import Testing

@testable import GloveboxStore

/// How callers who share a record hear what became of it.
@Suite struct GatheringTests {
    private static func isRefused(_ call: Ticket.Call) -> Bool {
        if case .refuse = call { return true }
        return false
    }

    /// Who ends a record wakes the next lead only after it gave the state's lock back: the log may have stopped in between.
    @Test func `tells a lead that was refused nothing else, though a wake comes late`() {
        let gathering = Gathering(Ticket([]))
        gathering.wakeLead(.refuse(GloveboxError("log.unavailable", "the log has stopped")))
        gathering.wakeLead(.sequence)
        #expect(Self.isRefused(gathering.wait(leads: true)))
    }

    @Test func `lets those who follow a record that was written go`() {
        let gathering = Gathering(Ticket([]))
        #expect(gathering.add(Ticket([])))
        gathering.release(.done)
        if case .done = gathering.wait(leads: false) { return }
        Issue.record("the record was written")
    }

    @Test func `tells those who follow a record that was refused why`() {
        let gathering = Gathering(Ticket([]))
        #expect(gathering.add(Ticket([])))
        gathering.release(.refuse(GloveboxError("log.full", "no room")))
        #expect(Self.isRefused(gathering.wait(leads: false)))
    }
}
