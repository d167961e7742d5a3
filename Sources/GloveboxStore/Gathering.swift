internal import Dispatch
internal import GloveboxCore
internal import Synchronization

/// Callers whose events go into one record: each makes its own part ready, who came first puts them together and works for
/// all, the others sleep until it is done and are woken with one call.
final class Gathering: Sendable {
    private let leading = DispatchSemaphore(value: 0)
    private let following = DispatchGroup()
    private let call = Mutex<Ticket.Call>(.done)
    /// Set before those who follow are let go without an error, so that they need not take turns at `call`.
    private let isDone = Atomic(false)
    /// How many parts are not ready, and one more as long as somebody may join.
    private let missing = Atomic(1)
    private let complete = DispatchSemaphore(value: 0)
    private let fault = Mutex<GloveboxError?>(nil)

    init() { following.enter() }

    /// Counts a caller in; to be called before its part can be ready, and not once the parts are waited for.
    func join() { missing.add(1, ordering: .relaxed) }

    /// A caller's part is ready, or cannot be made.
    func ready(_ error: GloveboxError? = nil) {
        if let error { fault.withLock { $0 = error } }
        if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { complete.signal() }
    }

    /// Waits for the parts of all who joined.
    ///
    /// - Throws: what kept one from being made.
    func waitForParts() throws(GloveboxError) {
        ready()
        complete.wait()
        if let error = fault.withLock({ $0 }) { throw error }
    }

    /// Wakes who leads; once it is refused, nothing else is said to it.
    func wakeLead(_ call: Ticket.Call) {
        say(call)
        leading.signal()
    }

    /// Lets all go but who leads; at most once.
    func release(_ call: Ticket.Call) {
        say(call)
        if case .done = call { isDone.store(true, ordering: .releasing) }
        following.leave()
    }

    private func say(_ new: Ticket.Call) {
        call.withLock { call in
            if case .refuse = call { return }
            call = new
        }
    }

    /// Waits to be woken.
    func wait(leads: Bool) -> Ticket.Call {
        if leads {
            leading.wait()
        } else {
            following.wait()
            if isDone.load(ordering: .acquiring) { return .done }
        }
        return call.withLock { $0 }
    }
}
