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
        /// Its network namespace, in which no process stands any more; nil where it is not known to be so.
        var network: Descriptor?

        /// Takes it away, but for what `spares` can use.
        func clear(_ spares: SpareControlGroups? = nil) {
            launcher?.discard()
            if let group {
                if let spares { spares.keep(group) } else { group.remove() }
            }
            // The namespace goes with its descriptor.
        }
    }

    /// What the reserve and its thread share.
    private final class Shelf: Sendable {
        struct Content {
            var ready: [WaitingJail] = []
            var used: [Remains] = []
            /// Network namespaces whose jails are over, for later ones.
            var networks: [Descriptor] = []
            var isFilled = false
            /// Whether nothing is made for later any more.
            var isDrained = false
            /// What the launchers of a reserve that is refilled are forked from, when it serves.
            var zygote: LauncherZygote?
            /// Former ones, of whose launchers some may be left.
            var former: [LauncherZygote] = []
        }

        let launcher: String
        let file: Descriptor?
        let count: Int
        let isRefilled: Bool
        let spares: SpareControlGroups?
        let content = Mutex(Content())
        /// Held while a jail is made, so that who wants one waits for it and does not make a second.
        let making = Mutex(())
        /// A launcher that another thread starts; held until it has.
        let early = Mutex<JailLauncher?>(nil)

        init(launcher: String, file: Descriptor?, count: Int, isRefilled: Bool) {
            self.launcher = launcher
            self.file = file
            self.count = count
            self.isRefilled = isRefilled
            spares = isRefilled ? SpareControlGroups(most: count + 1) : nil
        }

        /// Fills up, then clears away.
        func tend() {
            renewZygote()
            do { while try fill() {} } catch {}  // who asks for a jail is told what is wrong; here nobody would be
            content.withLock { $0.isFilled = true }
            ControlGroupLayout.sweep()
            // While the only jail runs, and not when this process ends: somebody waits for that.
            if !isRefilled { ImageMounts.forget() }
            clear()
        }

        /// Makes one jail, if one is wanted; whether it was.
        private func fill() throws(GloveboxError) -> Bool {
            try making.withLock { _ throws(GloveboxError) in
                let isWanted = content.withLock {
                    !$0.isDrained && $0.ready.count < count && (isRefilled || !$0.isFilled)
                }
                guard isWanted else { return false }
                let jail = try make(showsHost: false)
                content.withLock { content in
                    content.ready.append(jail)
                    // Told together: it may be taken before this thread looks again.
                    content.isFilled = content.ready.count >= count
                }
                return true
            }
        }

        /// Waits for what is being made; what is not begun by then is not made for later any more, unless refilled.
        func settle() { making.withLock { _ in content.withLock { $0.isFilled = true } } }

        /// A new one: forked where the zygote serves, executed otherwise.
        func make(showsHost: Bool) throws(GloveboxError) -> WaitingJail {
            if let zygote = content.withLock({ $0.zygote }), !(showsHost && zygote.hasLeftHost) {
                do { return try fork(zygote, showsHost: showsHost) } catch { retire(zygote) }
            }
            let layout = ControlGroupLayout.host  // read while the launcher starts up
            if let early = takeEarly() { return try WaitingJail(early, layout, spares: spares, showsHost: showsHost) }
            return try WaitingJail(
                JailLauncher(.program(launcher)),
                layout,
                spares: spares,
                network: takeNetwork(),
                showsHost: showsHost
            )
        }

        private func fork(_ zygote: LauncherZygote, showsHost: Bool) throws(GloveboxError) -> WaitingJail {
            let jail = try WaitingJail(
                JailLauncher(.zygote(zygote)),
                spares: spares,
                network: takeNetwork(),
                showsHost: showsHost
            )
            guard jail.hasLeftHost || !zygote.hasLeftHost else {
                jail.discard()
                throw GloveboxError("jail.launcher", "the jail needs devices of the host that its launcher has left")
            }
            return jail
        }

        private func takeNetwork() -> Descriptor? { content.withLock { $0.networks.popLast() } }

        private func takeEarly() -> JailLauncher? {
            early.withLock { early in
                defer { early = nil }
                return early
            }
        }

        private func retire(_ zygote: LauncherZygote) {
            content.withLock { content in
                guard content.zygote === zygote else { return }
                content.zygote = nil
                content.former.append(zygote)
                zygote.end()
            }
        }

        /// Starts a zygote where none serves; on the reserve's thread, whose children its launchers are.
        private func renewZygote() {
            guard isRefilled, count > 0 else { return }
            let (zygote, former) = content.withLock { ($0.zygote, $0.former) }
            if !former.isEmpty {
                let over = former.filter { $0.reap() }
                content.withLock { content in content.former.removeAll { one in over.contains { $0 === one } } }
            }
            if let zygote {
                if zygote.isServing { return }
                retire(zygote)
            }
            do {
                let fresh = try LauncherZygote(launcher, file)
                content.withLock { $0.zygote = fresh }
            } catch {}  // launchers are executed, which tells what is wrong
        }

        /// One that is ready and may be given such a plan.
        func pop(showsHost: Bool) -> WaitingJail? {
            content.withLock { content in
                content.ready.lastIndex { !showsHost || !$0.hasLeftHost }.map { content.ready.remove(at: $0) }
            }
        }

        /// Takes away what dead jails left.
        func clear() {
            let used = content.withLock { content in
                defer { content.used = [] }
                return content.used
            }
            for remains in used { remains.clear(spares) }
            guard isRefilled else { return }
            content.withLock { content in
                let networks = used.compactMap(\.network).prefix(max(0, count + 1 - content.networks.count))
                if !content.isDrained { content.networks += networks }
            }
        }

        /// Takes away what waits and what is left of used jails.
        func drain() {
            // What is being made is waited for.
            making.withLock { _ in content.withLock { $0.isDrained = true } }
            clear()
            takeEarly()?.discard()
            let ready = content.withLock { content in
                defer { (content.ready, content.networks) = ([], []) }
                return content.ready
            }
            for jail in ready { jail.discard() }
            spares?.close()
            ControlGroup.removeStragglers()
        }

        /// Takes everything away.
        func empty() {
            drain()
            let zygotes = content.withLock { content in
                defer { (content.zygote, content.former) = (nil, []) }
                return content.former + [content.zygote].compactMap(\.self)
            }
            for zygote in zygotes { zygote.endAll() }
        }
    }

    private let shelf: Shelf
    /// The launchers' parent: the kernel kills them when it ends, so it lives as long as the reserve.
    private let thread: BackgroundThread

    /// Keeps so many jails ready, from the first that is taken on, forked from one process that executes `file`, which was
    /// opened at the path of the launcher; without it the path is opened for each such process.
    ///
    /// - Throws: `jail.launcher` when no thread can be started.
    package convenience init(
        launcher: String,
        file: Descriptor? = nil,
        count: Int = 1
    ) throws(GloveboxError) {
        try self.init(launcher, file, count, isRefilled: true)
    }

    /// Makes one jail, from now on and beside what the caller does, and no other after it; the calling thread must live
    /// as long as the reserve.
    ///
    /// - Throws: `jail.launcher` when the launcher or a thread cannot be started.
    package static func single(launcher: String) throws(GloveboxError) -> JailReserve {
        let reserve = try JailReserve(launcher, nil, 1, isRefilled: false)
        try reserve.shelf.early.withLock { early throws(GloveboxError) in
            reserve.thread.wake()
            early = try JailLauncher(.program(launcher))
        }
        return reserve
    }

    private init(
        _ launcher: String,
        _ file: Descriptor?,
        _ count: Int,
        isRefilled: Bool
    ) throws(GloveboxError) {
        let shelf = Shelf(launcher: launcher, file: file, count: count, isRefilled: isRefilled)
        self.shelf = shelf
        do { thread = try BackgroundThread { shelf.tend() } } catch { throw error.coded("jail.launcher") }
    }

    /// Path of `glovebox-jail`.
    var launcher: String { shelf.launcher }

    /// Makes up for what was taken; soon, not at once.
    func refill() { thread.wake() }

    /// A jail that waits, or a new one where none is ready, or where it shall show paths of the host.
    func take(showsHost: Bool) throws(GloveboxError) -> WaitingJail {
        if let jail = ready(showsHost) { return jail }
        shelf.settle()
        if let jail = ready(showsHost) { return jail }
        return try shelf.make(showsHost: showsHost)
    }

    private func ready(_ showsHost: Bool) -> WaitingJail? {
        while let jail = shelf.pop(showsHost: showsHost) {
            if jail.launcher.isWaiting { return jail }
            jail.discard()
        }
        return nil
    }

    /// Takes away what a dead jail left; soon, not at once.
    func clear(_ remains: Remains) {
        shelf.content.withLock { $0.used.append(remains) }
        thread.wake()
    }

    /// Takes away all that waits and all that is left, and makes nothing for later any more; jails that run go on.
    package func drain() { shelf.drain() }

    /// Takes away all that waits and all that is left; no jail of the reserve may run any more.
    package func close() {
        thread.stop()
        shelf.empty()
    }

    deinit { close() }
}
