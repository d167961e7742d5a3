package import GloveboxCore
package import GloveboxLinux

/// A process that starts jails for this one.
package protocol JailLender: Sendable {
    /// Path of `glovebox-jail`.
    var launcher: String { get }
    /// Whether that process is gone, and its jails with it.
    var isGone: Bool { get }
    /// A fresh jail.
    ///
    /// - Throws: `worker.lost`, `worker.jail`, and what kept the other from starting one.
    func lend() throws(GloveboxError) -> LentJail
}

/// A jail that waits for its plan and was started by another process: it stands in that process's account with the
/// scheduler, and dies with it.
///
/// The other process knows nothing of what is done with it: it keeps no end of the socket and the streams.
package struct LentJail: Sendable {
    /// What is said when the process is gone that started a jail.
    package static let lost = GloveboxError(
        "worker.lost",
        "the worker that ran the job is gone, and its jail with it",
        hint: "The scheduler's own log says what ended it."
    )

    /// What the process keeps that started a jail: enough to wait for it and to end it.
    package struct Child: Sendable {
        private let process: LaunchedProcess
        private let watch: Descriptor
        private let group: ControlGroup?

        fileprivate init(_ process: LaunchedProcess, _ watch: Descriptor, _ group: ControlGroup?) {
            (self.process, self.watch, self.group) = (process, watch, group)
        }

        /// Waits for its end; ends it, and is false, when the other side of the socket closes before.
        ///
        /// - Throws: `jail.launcher`.
        package func wait(beside socket: PacketSocket) throws(GloveboxError) -> Bool {
            do throws(SyscallError) {
                let hasEnded = try socket.waits(for: watch)
                if !hasEnded { process.kill() }
                _ = try process.wait()
                if !hasEnded { clear() }
                return hasEnded
            } catch { throw error.coded("jail.launcher") }
        }

        /// Takes its account away, for one who would have and is gone.
        package func clear() { group?.remove() }
    }

    let group: ControlGroup?
    let identity: JailIdentity
    let launcher: JailLauncher
    /// The launcher's process.
    private let process: Descriptor

    /// Starts a launcher; it is the child of the calling thread, which has to wait for it.
    ///
    /// - Throws: `jail.*`.
    package static func start(_ path: String) throws(GloveboxError) -> (jail: LentJail, child: Child) {
        let jail = try WaitingJail(JailLauncher(.program(path)), showsHost: true, isLent: true)
        guard let child = jail.launcher.child else { throw GloveboxError("internal", "the launcher is no child") }
        let watch: Descriptor
        do { watch = try child.descriptor() } catch {
            jail.discard()
            throw error.coded("jail.launcher")
        }
        let lent = LentJail(jail.group, jail.identity, jail.launcher, watch)
        return (lent, Child(child, watch, jail.group))
    }

    private init(_ group: ControlGroup?, _ identity: JailIdentity, _ launcher: JailLauncher, _ process: Descriptor) {
        (self.group, self.identity, self.launcher, self.process) = (group, identity, launcher, process)
    }

    /// Takes over what ``message`` and ``files`` of the other process's say.
    ///
    /// - Throws: `worker.jail`.
    package init(message: [UInt8], files: [Descriptor]) throws(GloveboxError) {
        guard files.count == 4 else { throw GloveboxError("worker.jail", "the worker handed over no whole jail") }
        var fields = try JSONFields(JSONReader.readCanonical(message), at: "jail")
        let group = try fields.optional("group").map { (json) throws(GloveboxError) in try Self.group(json) }
        let base = try fields.optional("ids").map { (json) throws(GloveboxError) in
            guard let base = json.integer.flatMap({ UInt32(exactly: $0) }), base < .max else {
                throw GloveboxError("worker.jail", "the worker's jail has no ids")
            }
            return base
        }
        try fields.finish()
        self.init(
            group,
            JailIdentity(base: base),
            JailLauncher(control: files[0], streams: [files[1], files[2]], ForeignProcess(files[3])),
            files[3]
        )
    }

    /// What goes to the process that will use it, with ``files``.
    package var message: [UInt8] {
        var json = JSONObject()
        json["group"] = group.map { group in
            let account = group.account
            return [
                "kind": .string(account.kind), "name": .string(account.name),
                "parents": .object(
                    JSONObject(account.parents.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
                ),
                "controllers": .array(account.controllers.map { .string($0) }),
            ]
        }
        json["ids"] = identity.base.map { .integer(Int64($0)) }
        return CanonicalJSON.encode(.object(json))
    }

    /// The open files that go with ``message``.
    package var files: [Descriptor] { [launcher.control] + launcher.streams + [process] }

    /// The number of the launcher's process.
    ///
    /// - Throws: `jail.lost` when it has ended.
    package func number() throws(GloveboxError) -> Int32 {
        do { return try ForeignProcess(process).number() } catch { throw error.coded("jail.lost") }
    }

    /// Takes it away unused.
    package func discard() {
        launcher.discard()
        group?.remove()
    }

    private static func group(_ json: JSONValue) throws(GloveboxError) -> ControlGroup {
        var fields = try JSONFields(json, at: "jail.group")
        let account = ControlGroup.Account(
            kind: try fields.string("kind"),
            name: try fields.string("name"),
            parents: Dictionary(
                (fields.optional("parents")?.object?.members ?? []).map { ($0.name, $0.value.string ?? "") }
            ) { first, _ in first },
            controllers: try fields.array("controllers").compactMap(\.string)
        )
        try fields.finish()
        do { return try ControlGroup(account: account) } catch { throw error.coded("worker.jail") }
    }
}
