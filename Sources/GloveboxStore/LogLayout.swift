internal import GloveboxCore

/// Where the parts of a log lie.
package struct LogLayout: Sendable {
    /// Checkpoint, tiles and bundles: public.
    let log: Directory
    /// Segments: private.
    let journal: Directory
    /// The last signed checkpoint: private, on other storage where there is any.
    let signLock: Directory
    /// The directory whose log it is: a copy of it may not sign.
    let home: Directory

    static let checkpoint = "checkpoint"
    static let publicPermissions: UInt32 = 0o755

    /// The log of a state directory; its sign-lock may lie on other storage.
    package init(state: String, signLock: String? = nil) {
        self.init(log: state + "/log", parts: state, signLock: signLock)
    }

    /// A log whose public files lie in one directory, its private ones in two below another.
    package init(log: String, parts: String, signLock: String? = nil) {
        self.log = Directory(log)
        journal = Directory(parts + "/journal")
        self.signLock = Directory(signLock ?? Self.usualSignLock(parts))
        home = Directory(parts)
    }

    private static func usualSignLock(_ parts: String) -> String { parts + "/sign-lock" }

    /// Makes the directories of a new log.
    ///
    /// - Throws: `log.exists` when anything of a log is there; `store.io`.
    func create() throws(GloveboxError) {
        try log.make(permissions: Self.publicPermissions)
        for directory in [journal, signLock] { try directory.make() }
        var parts = try log.names().filter { $0 == Self.checkpoint || $0 == "tile" }
        parts += try journal.names().filter { $0.hasSuffix(JournalSegment.suffix) }
        guard parts.isEmpty else {
            throw GloveboxError("log.exists", "\(Display.escape(log.path)) has a log already; a log is created once")
        }
    }

    /// Checks that the private directories are private.
    ///
    /// - Throws: `store.permissions`; `log.sign-lock` when there are two; `store.io`.
    func check() throws(GloveboxError) {
        let usual = Directory(Self.usualSignLock(home.path))
        if signLock.path != usual.path, try SignLock.exists(in: usual) {
            throw GloveboxError(
                "log.sign-lock",
                "there is a sign-lock in \(Display.escape(usual.path)) beside the one in \(Display.escape(signLock.path))",
                hint: "move the file 'slots' to the directory that log.sign_lock names, and keep no copy"
            )
        }
        for directory in [journal, signLock] {
            guard try directory.open().status().isPrivate else {
                throw GloveboxError(
                    "store.permissions",
                    "\(Display.escape(directory.path)) is readable by others or not owned by this user",
                    hint: "give it to the user that runs this program, mode 0700"
                )
            }
        }
    }
}
