internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// The last checkpoint ever signed, so that no restored disk can make the log sign two histories.
///
/// One file of two slots of one block each, written in turn in place: a torn write leaves the other slot.
/// Slot: `GBXS`, u16be version, u64be sequence, u32be length, note, u32be CRC-32C of all before, zeros.
///
/// One thread at a time writes it.
///
/// Source: transparency-log specification, section 10; decisions 14.
final class SignLock: Sendable {
    private static let magic = Array("GBXS".utf8)
    private static let version: UInt16 = 1
    private static let slotBytes = 4096
    private static let name = "slots"

    private let file: OwnedFile
    private let sequence: Mutex<UInt64>
    /// The signed checkpoint that was found.
    let note: [UInt8]

    /// Makes the sign-lock of a new log.
    ///
    /// Nothing but creating a log may call this.
    ///
    /// - Throws: `log.exists`, `store.io`.
    static func create(_ directory: Directory, note: [UInt8]) throws(GloveboxError) {
        let path = "\(directory.path)/\(name)"
        guard try !Directory.exists(path) else {
            throw GloveboxError("log.exists", "\(Display.escape(path)) exists; a log is created once")
        }
        let bytes = try slot(sequence: 0, note: note)
        try directory.replace(name, with: bytes + [UInt8](repeating: 0, count: slotBytes), permissions: 0o600)
    }

    /// Opens and locks the sign-lock.
    ///
    /// - Throws: `log.sign-lock` when it is missing or unreadable, `log.locked`, `store.io`.
    init(_ directory: Directory) throws(GloveboxError) {
        let path = "\(directory.path)/\(Self.name)"
        guard try Directory.exists(path) else {
            throw GloveboxError(
                "log.sign-lock",
                "\(Display.escape(path)) is missing",
                hint: "a lost sign-lock is never made again: restore it, or start a log under a new origin"
            )
        }
        file = try OwnedFile(path, .update)
        try file.lock()
        let bytes = try file.read(at: 0, count: 2 * Self.slotBytes)
        var best: (sequence: UInt64, note: [UInt8])?
        for start in [0, Self.slotBytes] where bytes.count == 2 * Self.slotBytes {
            guard let slot = Self.parse(bytes[start..<start + Self.slotBytes]) else { continue }
            if best.map({ $0.sequence < slot.sequence }) ?? true { best = slot }
        }
        guard try file.status().isPrivate, let best else {
            throw GloveboxError("log.sign-lock", "\(Display.escape(path)) is damaged or readable by others")
        }
        self.sequence = Mutex(best.sequence)
        self.note = best.note
    }

    /// Replaces the checkpoint.
    ///
    /// When this returns, the signature may leave the process.
    ///
    /// - Throws: `store.io`; the sign-lock must not be written again after that.
    func replace(with note: [UInt8]) throws(GloveboxError) {
        let next = sequence.withLock { sequence in
            sequence += 1
            return sequence
        }
        try file.write(try Self.slot(sequence: next, note: note), at: Int(next % 2) * Self.slotBytes)
        try file.syncData()
    }

    /// Lets another process have the sign-lock; it must not be written afterwards.
    func release() { file.unlock() }

    private static func slot(sequence: UInt64, note: [UInt8]) throws(GloveboxError) -> [UInt8] {
        var bytes = magic + version.bigEndianBytes + sequence.bigEndianBytes
        bytes += UInt32(note.count).bigEndianBytes + note
        bytes += CRC32C.checksum(bytes).bigEndianBytes
        guard bytes.count <= slotBytes else {
            throw GloveboxError("log.sign-lock", "the checkpoint is too long for the sign-lock")
        }
        return bytes + [UInt8](repeating: 0, count: slotBytes - bytes.count)
    }

    private static func parse(_ slot: ArraySlice<UInt8>) -> (sequence: UInt64, note: [UInt8])? {
        let bytes = Array(slot)
        guard bytes.starts(with: magic), UInt16(bigEndianBytes: bytes[4..<6]) == version else { return nil }
        let end = 18 + Int(UInt32(bigEndianBytes: bytes[14..<18]))
        guard end + 4 <= bytes.count, UInt32(bigEndianBytes: bytes[end..<end + 4]) == CRC32C.checksum(bytes[..<end])
        else { return nil }
        return (UInt64(bigEndianBytes: bytes[6..<14]), Array(bytes[18..<end]))
    }
}
