internal import Glibc
internal import GloveboxAPI
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxStore
internal import GloveboxTransparency

extension Site {
    /// Copies the site while it works, to two directories on this host, and reads back what was written.
    ///
    /// Most is copied beside the work; then nothing is logged and no key leaves for as long as it takes to copy what has
    /// changed meanwhile, so that a restored site finds what a supervisor finds that was killed at that moment.
    func backUp(_ caller: Caller, _ request: BackupRequest) throws(GloveboxError) -> BackupInfo {
        guard backups.begin() else {
            throw GloveboxError("object.conflict", "another backup is being made", hint: "Wait until it is done.")
        }
        defer { backups.end() }
        let unfinished = (data: request.directory + ".unfinished", keys: request.keys + ".unfinished")
        try checkPlaces(request, unfinished)
        let written: (backup: Backup, files: Int, bytes: UInt64, others: [String])
        do throws(GloveboxError) {
            written = try write(unfinished)
            // Only what is whole has the name that was asked for; the keys come last, and nothing is restored without them.
            try Self.rename(unfinished.data, request.directory)
            try Self.rename(unfinished.keys, request.keys)
        } catch {
            for path in [unfinished.data, unfinished.keys] { Self.discard(path) }
            guard error.code.hasPrefix("store.") || error.code.hasPrefix("storage.") else { throw error }
            let code = error.code.hasSuffix(".full") ? "storage.full" : "backup.failed"
            throw GloveboxError(code, "no backup was made: \(error.message)")
        }
        try recordBackup(written.backup, by: caller)
        return BackupInfo(
            directory: request.directory,
            keys: request.keys,
            digest: written.backup.digest,
            entries: written.backup.record.size,
            files: UInt64(written.files),
            bytes: written.bytes,
            leftOut: written.others
        )
    }

    /// Writes both halves, makes them durable, and reads them back.
    private func write(
        _ places: (data: String, keys: String)
    ) throws(GloveboxError) -> (backup: Backup, files: Int, bytes: UInt64, others: [String]) {
        var data = try BackupHalf(places.data)
        var keys = try BackupHalf(places.keys)
        func copy() throws(GloveboxError) -> [String] {
            let found = try StateTree.halves(layout.root)
            try data.take(found.files[.data] ?? [], from: layout.root)
            try keys.take(found.files[.keys] ?? [], from: layout.root)
            return found.others
        }
        _ = try copy()
        let (extent, others) = try log.whileResting { (extent) throws(GloveboxError) in
            try broker.whileSilent { () throws(GloveboxError) in (extent, try copy()) }
        }
        let sums = data.sums.bytes
        let record = BackupRecord(
            site: configuration.name,
            origin: configuration.origin,
            version: SiteLog.version,
            made: Machine.now(),
            size: extent.size,
            root: extent.root,
            sums: Machine.sha256(sums)
        )
        try data.write(sums, as: BackupSums.name)
        try data.write(record.bytes, as: BackupRecord.name)
        try keys.write(keys.sums.bytes, as: BackupSums.name)
        try keys.write(Backup.pinBytes(Machine.sha256(record.bytes)), as: Backup.pin)
        try data.sync()
        try keys.sync()
        let written = try Backup(data: places.data, keys: places.keys)
        _ = try written.roots(at: [])
        return (written, data.sums.files.count + keys.sums.files.count, data.bytes + keys.bytes, others)
    }

    /// Removes what a backup that failed has written; what cannot be removed says by its name that it is not whole.
    private static func discard(_ path: String) {
        do throws(SyscallError) {
            try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).empty()
            _ = unsafe rmdir(path)
        } catch {}
    }

    private func recordBackup(_ backup: Backup, by caller: Caller) throws(GloveboxError) {
        let fields: [(String, JSONValue)] = [
            ("backup", .string(backup.digest.hex)), ("entries", .string(String(backup.record.size))),
        ]
        try record(Event(kind: .backupMade, actor: caller.account, fields: fields))
    }

    /// Two new directories, neither in the other nor in the state.
    private func checkPlaces(
        _ request: BackupRequest,
        _ unfinished: (data: String, keys: String)
    ) throws(GloveboxError) {
        let places = [request.directory, request.keys, layout.root].map { $0 + "/" }
        for (index, place) in places.enumerated() {
            for other in places[..<index] where place.hasPrefix(other) || other.hasPrefix(place) {
                throw GloveboxError(
                    "request.invalid",
                    "data, keys and the state stand apart from each other",
                    hint: "Keep the keys on other storage: whoever has both halves has the private data."
                )
            }
        }
        for path in [request.directory, request.keys] where StateFile.exists(path) {
            throw GloveboxError("object.conflict", "\(Display.escape(path)) exists; a backup is never written over")
        }
        for path in [unfinished.data, unfinished.keys] where StateFile.exists(path) {
            throw GloveboxError(
                "object.conflict",
                "\(Display.escape(path)) is what is left of a backup that failed",
                hint: "Remove it, then try again."
            )
        }
    }

    private static func rename(_ from: String, _ to: String) throws(GloveboxError) {
        guard let slash = to.lastIndex(of: "/") else { throw GloveboxError("internal", "a path without a directory") }
        let parent = slash == to.startIndex ? "/" : String(to[..<slash])
        try Directory(parent).rename(from, to: String(to[to.index(after: slash)...]))
    }
}
