import Dispatch
import GloveboxCore
import Synchronization
import Testing

@testable import GloveboxStore

/// How callers who share a record hear what became of it.
@Suite struct GatheringTests {
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

    @Test func `lets threads and tasks go when the record was written`() async throws {
        let gathering = Gathering()
        let early = Task { try await gathering.outcome() }
        let thread = Mutex(false)
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) {
            if case .success = Result(catching: { () throws(GloveboxError) in try gathering.wait() }) {
                thread.withLock { $0 = true }
            }
        }
        try await Task.sleep(for: .milliseconds(20))
        gathering.release(.done)
        try await early.value
        try await gathering.outcome()
        try gathering.wait()
        await withCheckedContinuation { done in group.notify(queue: .global()) { done.resume() } }
        #expect(thread.withLock { $0 })
    }

    /// The log may stop while a signature is on its way.
    @Test func `tells threads and tasks why a record was refused, and nothing else later`() async {
        let gathering = Gathering()
        let refusal = GloveboxError("log.full", "no room")
        let early = Task { try await gathering.outcome() }
        gathering.release(.refused(refusal))
        gathering.release(.done)
        await #expect(throws: refusal) { try await early.value }
        await #expect(throws: refusal) { try await gathering.outcome() }
        #expect(throws: refusal) { try gathering.wait() }
    }
}
