internal import Glibc
internal import GloveboxCore
internal import GloveboxStore

/// The ledger on disk: `GBXL`, version 1, then entries, each a length (u32, big-endian) and canonical JSON.
///
/// Only the end of the file can be torn; what the hash chain covers is decided by whoever knows the head.
final class LedgerFile {
    private static let magic: [UInt8] = [0x47, 0x42, 0x58, 0x4c, 1]
    private static let maxEntry = 1 << 20

    private let file: OwnedFile
    /// Where each entry ends.
    private var ends: [Int]

    static func create(_ path: String) throws(GloveboxError) {
        let file = try OwnedFile(path, .create(permissions: 0o600))
        try file.write(magic, at: 0)
        try file.sync()
    }

    /// Opens the file, locks it, and reads what is whole.
    ///
    /// - Throws: `log.locked`, `key.permissions`, `kbs.store`, `store.io`.
    init(_ path: String) throws(GloveboxError) {
        file = try OwnedFile(path, .update)
        ends = []
        try Self.lock(file)
        let status = try file.status()
        guard status.isPrivate else {
            throw GloveboxError("key.permissions", "the broker's ledger can be read by others")
        }
        let bytes = try file.read(at: 0, count: status.size)
        guard bytes.starts(with: Self.magic) else {
            throw GloveboxError("kbs.store", "the broker's ledger is not one of this version")
        }
        var at = Self.magic.count
        while at + 4 <= bytes.count {
            let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= Self.maxEntry, at + 4 + length <= bytes.count else { break }
            entries.append(Array(bytes[at + 4..<at + 4 + length]))
            at += 4 + length
            ends.append(at)
        }
    }

    /// Takes the lock, which a broker whose supervisor was killed gives back when it has done what it was at.
    private static func lock(_ file: OwnedFile) throws(GloveboxError) {
        for _ in 0..<100 {
            do throws(GloveboxError) { return try file.lock() } catch  where error.code == "log.locked" {
                usleep(30_000)
            }
        }
        try file.lock()
    }

    /// The whole entries, as they were on opening; let go of with ``forget()``.
    private(set) var entries: [[UInt8]] = []

    /// Cuts off everything behind the first `count` entries.
    func keep(_ count: Int) throws(GloveboxError) {
        ends.removeLast(ends.count - count)
        entries.removeLast(entries.count - count)
        try file.truncate(to: ends.last ?? Self.magic.count)
        try file.sync()
    }

    /// Frees the memory of what was read.
    func forget() { entries = [] }

    /// Appends an entry and makes it durable.
    func append(_ entry: [UInt8]) throws(GloveboxError) {
        guard entry.count <= Self.maxEntry else { throw GloveboxError("kbs.store", "a ledger entry is too large") }
        let at = ends.last ?? Self.magic.count
        let length = (0..<4).map { UInt8(truncatingIfNeeded: entry.count >> (24 - 8 * $0)) }
        try file.write(length + entry, at: at)
        try file.syncData()
        ends.append(at + 4 + entry.count)
    }
}
