internal import Dispatch
internal import GloveboxCore
internal import Synchronization

/// Callers whose events go into one record: who came first works for all, the others sleep until it is done and are woken
/// with one call.
final class Gathering: Sendable {
    private let joined: Mutex<(tickets: [Ticket], drafts: Int)>
    private let leading = DispatchSemaphore(value: 0)
    private let following = DispatchGroup()
    private let call = Mutex<Ticket.Call>(.done)
    /// Set before those who follow are let go without an error, so that they need not take turns at `call`.
    private let isDone = Atomic(false)

    /// Begins with the caller who leads.
    init(_ lead: Ticket) {
        var tickets = [lead]
        tickets.reserveCapacity(64)
        joined = Mutex((tickets, lead.drafts.count))
        following.enter()
    }

    /// Who takes part; nobody joins any more once the record is made.
    var tickets: [Ticket] { joined.withLock { $0.tickets } }

    /// Lets another caller join; false when that would be too much for one record.
    func add(_ ticket: Ticket) -> Bool {
        joined.withLock { joined in
            guard joined.drafts + ticket.drafts.count <= JournalRecord.maxItems else { return false }
            joined.tickets.append(ticket)
            joined.drafts += ticket.drafts.count
            return true
        }
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
