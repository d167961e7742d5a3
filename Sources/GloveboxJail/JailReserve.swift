package import GloveboxCore
package import GloveboxLinux
internal import Synchronization

/// Keeps jails ready that wait for a plan, and takes away what used ones leave, so that neither stands in a job's way.
///
/// What waits knows nothing of any job, and none serves two: a jail out of the reserve is as fresh as one made on demand.
package final class JailReserve: Sendable {
    /// What is left of a jail whose last process is dead.
    struct Remains: Sendable {
        /// Waited for only now: once the jail's first process has ended, it is the only one left, and outside the jail.
        var launcher: JailLauncher?
        var group: ControlGroup?
        var namespace: Descriptor?

        /// Takes it away.
        func clear() {
            launcher?.discard()
            group?.remove()
            // The namespace goes with its descriptor.
        }
    }

    /// What the reserve and its thread share.
    private final class Shelf: Sendable {
        struct Content {
            var ready: [WaitingJail] = []
            var used: [Remains] = []
        }

        let launcher: String
        let layout: ControlGroupLayout
        let count: Int
        let content = Mutex(Content())

        init(launcher: String, layout: ControlGroupLayout, count: Int) {
            self.launcher = launcher
            self.layout = layout
            self.count = count
        }

        /// Fills up, then clears away.
        func tend() {
            while content.withLock({ $0.ready.count }) < count {
                do {
                    let jail = try WaitingJail(launcher, layout, showsHost: false)
                    content.withLock { $0.ready.append(jail) }
                } catch { break }  // who asks for a jail is told what is wrong; here it would be told to nobody
            }
            clear()
        }

        /// Takes away what dead jails left.
        func clear() {
            let used = content.withLock { content in
                defer { content.used = [] }
                return content.used
            }
            for remains in used { remains.clear() }
        }

        /// Takes everything away.
        func empty() {
            clear()
            let ready = content.withLock { content in
                defer { content.ready = [] }
                return content.ready
            }
            for jail in ready { jail.discard() }
        }
    }

    private let shelf: Shelf
    /// The launchers' parent: the kernel kills them when it ends, so it lives as long as the reserve.
    private let thread: BackgroundThread

    /// Keeps so many jails ready, from the first that is taken on.
    ///
    /// - Throws: `jail.launcher` when no thread can be started.
    package init(launcher: String, layout: ControlGroupLayout = .host, count: Int = 1) throws(GloveboxError) {
        let shelf = Shelf(launcher: launcher, layout: layout, count: count)
        self.shelf = shelf
        do { thread = try BackgroundThread { shelf.tend() } } catch { throw error.coded("jail.launcher") }
    }

    /// Path of `glovebox-jail`.
    var launcher: String { shelf.launcher }

    /// Makes up for what was taken; soon, not at once.
    func refill() { thread.wake() }

    /// A jail that waits, or a new one where none is ready, or where it shall show paths of the host.
    func take(showsHost: Bool) throws(GloveboxError) -> WaitingJail {
        while !showsHost, let jail = shelf.content.withLock({ $0.ready.popLast() }) {
            if jail.launcher.isWaiting { return jail }
            jail.discard()
        }
        return try WaitingJail(shelf.launcher, shelf.layout, showsHost: showsHost)
    }

    /// Takes away what a dead jail left; soon, not at once.
    func clear(_ remains: Remains) {
        shelf.content.withLock { $0.used.append(remains) }
        thread.wake()
    }

    /// Takes away all that waits and all that is left; no jail of the reserve may run any more.
    package func close() {
        thread.stop()
        shelf.empty()
    }

    deinit { close() }
}
