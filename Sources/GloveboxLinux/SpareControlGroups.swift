internal import Synchronization

/// Control groups whose jails are over, kept for later ones: to make and to remove a directory costs the kernel more than
/// to limit what is in it.
///
/// Only what holds nothing of a jail but limits is kept; memory is accounted for anew each time.
package final class SpareControlGroups: Sendable {
    private struct Shelf {
        var groups: [ControlGroup] = []
        var isClosed = false
    }

    private let most: Int
    private let shelf = Mutex(Shelf())

    /// Keeps at most so many.
    package init(most: Int) { self.most = most }

    /// One that no process stands in, without memory; nil when there is none.
    func take() -> ControlGroup? { shelf.withLock { $0.groups.popLast() } }

    /// Takes a group whose jail is over, or removes it where it cannot serve again.
    package func keep(_ group: ControlGroup) {
        var group = group
        let isKept =
            group.strip()
            && shelf.withLock { shelf in
                guard !shelf.isClosed, shelf.groups.count < most else { return false }
                shelf.groups.append(group)
                return true
            }
        if !isKept { group.remove() }
    }

    /// Removes all that is kept, and keeps nothing any more.
    package func close() {
        let groups = shelf.withLock { shelf in
            defer { shelf = Shelf(groups: [], isClosed: true) }
            return shelf.groups
        }
        for group in groups { group.remove() }
    }
}
