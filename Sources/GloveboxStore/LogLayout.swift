internal import GloveboxCore

/// Where the parts of a log lie under a state directory.
struct LogLayout: Sendable {
    /// Checkpoint, tiles and bundles: public.
    let log: Directory
    /// Segments: private.
    let journal: Directory
    /// The last signed checkpoint: private, on other storage where there is any.
    let signLock: Directory

    static let checkpoint = "checkpoint"
    static let publicPermissions: UInt32 = 0o755

    init(state: String) {
        log = Directory(state + "/log")
        journal = Directory(state + "/journal")
        signLock = Directory(state + "/sign-lock")
    }

    /// Makes the directories of a new log.
    ///
    /// - Throws: `log.exists` when any of them has something in it; `store.io`.
    func create() throws(GloveboxError) {
        try log.make(permissions: Self.publicPermissions)
        for directory in [journal, signLock] { try directory.make() }
        for directory in [log, journal, signLock] {
            guard try directory.names().isEmpty else {
                throw GloveboxError("log.exists", "\(Display.escape(directory.path)) is not empty")
            }
        }
    }

    /// Checks that the private directories are private.
    ///
    /// - Throws: `store.permissions`, `store.io`.
    func check() throws(GloveboxError) {
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
