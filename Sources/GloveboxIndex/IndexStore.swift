internal import GRDB
internal import Glibc
package import GloveboxCore
internal import GloveboxLinux

/// An SQLite file that knows where in the journal things stand: never what is true, only where to read it.
///
/// Without it everything can be found again by reading the whole journal. One process writes, one batch at a time; calls
/// block until the disk has answered.
///
/// Source: job-backend sections 2 and 6.
package final class IndexStore: Sendable {
    let pool: DatabasePool

    /// Opens an index, and makes an empty one where there is none.
    ///
    /// - Throws: `index.damaged`, `index.newer`, `index.failed`, `storage.full`.
    package convenience init(opening path: String) throws(GloveboxError) {
        try self.init(opening: path, steps: IndexMigrations.all)
    }

    init(opening path: String, steps: [IndexMigrations.Step]) throws(GloveboxError) {
        // SQLite gives its other files the permissions of this one.
        do { _ = try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600) } catch {
            throw error.coded("index.failed")
        }
        do {
            var configuration = Configuration()
            configuration.maximumReaderCount = 4
            // A backup or a look with another program may hold it for a moment.
            configuration.busyMode = .timeout(5)
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        } catch { throw Self.coded(error) }
        try migrate(path, steps)
    }

    /// Removes an index, so that the next opening makes an empty one.
    ///
    /// - Throws: `index.failed`.
    package static func remove(_ path: String) throws(GloveboxError) {
        for file in [path, path + "-wal", path + "-shm"] where unsafe unlink(file) != 0 && errno != ENOENT {
            throw SyscallError("unlink", errno, file).coded("index.failed")
        }
    }

    /// Brings an older index forward, after a copy of it was made.
    private func migrate(_ path: String, _ steps: [IndexMigrations.Step]) throws(GloveboxError) {
        var migrator = DatabaseMigrator()
        for step in steps { migrator.registerMigration(String(step.number), migrate: step.change) }
        let known = migrator
        let done = try read { try known.appliedIdentifiers($0) }
        guard done.isSubset(of: steps.map { String($0.number) }) else {
            throw GloveboxError(
                "index.newer",
                "\(Display.escape(path)) was written by a later version of gloveboxd",
                hint: "Start that version, or have this one make the index anew with 'gloveboxd serve --rebuild-index'."
            )
        }
        if !done.isEmpty, done.count < steps.count { try copy(to: "\(path).before-\(done.count + 1)") }
        do { try known.migrate(pool) } catch { throw Self.coded(error) }
    }

    /// Copies the whole index into another file, which must not hold anything yet.
    private func copy(to path: String) throws(GloveboxError) {
        do { _ = try Descriptor.open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600) } catch {
            throw error.coded("index.failed")
        }
        do { try pool.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [path]) } } catch {
            throw Self.coded(error)
        }
    }

    /// Lets go of the file.
    ///
    /// - Throws: `index.failed`.
    package func close() throws(GloveboxError) {
        do { try pool.close() } catch { throw Self.coded(error) }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(GloveboxError) -> Value {
        do { return try pool.read(body) } catch { throw Self.coded(error) }
    }

    /// Does all of it or nothing.
    func change(_ body: (Database) throws -> Void) throws(GloveboxError) {
        do { try pool.write(body) } catch { throw Self.coded(error) }
    }

    static func damaged(_ what: String) -> GloveboxError {
        GloveboxError(
            "index.damaged",
            "the index of jobs is damaged: \(what)",
            hint: "It holds nothing of its own: make it anew with 'gloveboxd serve --rebuild-index'."
        )
    }

    private static func coded(_ error: any Error) -> GloveboxError {
        guard let error = error as? DatabaseError else {
            return GloveboxError("index.failed", "the index of jobs failed: \(error)")
        }
        let text = Display.escape(error.message ?? "SQLite error \(error.resultCode.rawValue)")
        return switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: damaged(text)
        case .SQLITE_FULL: GloveboxError("storage.full", "there is no room for the index of jobs", hint: "Free some.")
        default: GloveboxError("index.failed", "the index of jobs failed: \(text)")
        }
    }
}
