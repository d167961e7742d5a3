import Dispatch
import GloveboxCore
import Synchronization
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
        let gathering = Gathering()
        gathering.wakeLead(.refuse(GloveboxError("log.unavailable", "the log has stopped")))
        gathering.wakeLead(.sequence)
        #expect(Self.isRefused(gathering.wait(leads: true)))
    }

    @Test func `waits for the part of everybody who joined`() throws {
        let gathering = Gathering()
        let late = Atomic(false)
        for _ in 0..<3 { gathering.join() }
        gathering.ready()
        gathering.ready()
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(50)) {
            late.store(true, ordering: .releasing)
            gathering.ready()
        }
        try gathering.waitForParts()
        let isLate = late.load(ordering: .acquiring)
        #expect(isLate)
    }

    @Test func `refuses all when one part cannot be made`() {
        let gathering = Gathering()
        gathering.join()
        gathering.join()
        gathering.ready(GloveboxError("log.unavailable", "sealing an event body failed"))
        gathering.ready()
        #expect(throws: GloveboxError("log.unavailable", "")) { try gathering.waitForParts() }
    }

    @Test func `lets those who follow a record that was written go`() {
        let gathering = Gathering()
        gathering.release(.done)
        if case .done = gathering.wait(leads: false) { return }
        Issue.record("the record was written")
    }

    @Test func `tells those who follow a record that was refused why`() {
        let gathering = Gathering()
        gathering.release(.refuse(GloveboxError("log.full", "no room")))
        #expect(Self.isRefused(gathering.wait(leads: false)))
    }
}
