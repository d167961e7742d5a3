internal import Glibc
internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// The last checkpoint ever signed, so that no restored disk can make the log sign two histories.
///
/// One file of two slots of one block each, written in turn in place: a torn write leaves the other slot.
/// Slot: `GBXS`, u16be version, u64be sequence, u32be length, note, the state directory's identity and path (u16be length),
/// u32be CRC-32C of all before, zeros. Version 1 names no directory.
///
/// One thread at a time writes it.
///
/// Source: transparency-log specification, section 10; decisions 14.
final class SignLock: Sendable {
    /// The state directory whose log may sign.
    struct Home: Sendable, Hashable {
        let identity: DirectoryIdentity
        let path: String

        /// - Throws: `store.io`.
        init(_ directory: Directory) throws(GloveboxError) {
            identity = try DirectoryIdentity(of: directory)
            path = directory.path
        }

        fileprivate init(_ identity: DirectoryIdentity, _ path: String) {
            (self.identity, self.path) = (identity, path)
        }
    }

    private struct Slot: Sendable {
        var sequence: UInt64
        var note: [UInt8]
        var home: Home?
    }

    /// What stands in the file, as far as this process knows.
    private struct Held: Sendable {
        var slot: Slot
        var bytes: [UInt8]
    }

    private static let magic = Array("GBXS".utf8)
    private static let version: UInt16 = 2
    private static let slotBytes = 4096
    private static let name = "slots"

    private let file: OwnedFile
    private let held: Mutex<Held>
    /// The signed checkpoint that was found.
    let note: [UInt8]

    /// Makes the sign-lock of a new log.
    ///
    /// Nothing but creating a log may call this.
    ///
    /// - Throws: `log.exists`, `store.io`.
    static func create(_ directory: Directory, home: Directory, note: [UInt8]) throws(GloveboxError) {
        let path = "\(directory.path)/\(name)"
        guard try !Directory.exists(path) else {
            throw GloveboxError("log.exists", "\(Display.escape(path)) exists; a log is created once")
        }
        let bytes = try encode(Slot(sequence: 0, note: note, home: Home(home)))
        try directory.replace(name, with: bytes + [UInt8](repeating: 0, count: slotBytes), permissions: 0o600)
    }

    /// Whether there is a sign-lock in a directory.
    ///
    /// - Throws: `store.io`.
    static func exists(in directory: Directory) throws(GloveboxError) -> Bool {
        try Directory.exists("\(directory.path)/\(name)")
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
        var best: Slot?
        for start in [0, Self.slotBytes] where bytes.count == 2 * Self.slotBytes {
            guard let slot = Self.parse(bytes[start..<start + Self.slotBytes]) else { continue }
            if best.map({ $0.sequence < slot.sequence }) ?? true { best = slot }
        }
        guard try file.status().isPrivate, let best else {
            throw GloveboxError("log.sign-lock", "\(Display.escape(path)) is damaged or readable by others")
        }
        self.held = Mutex(Held(slot: best, bytes: bytes))
        self.note = best.note
    }

    /// Whether it names the directory whose log it is of; those of earlier versions do not.
    var hasHome: Bool { held.withLock { $0.slot.home != nil } }

    /// Refuses a copy of the state directory that the sign-lock is of; what is signed from now on names the directory.
    ///
    /// A directory that was moved is the same one.
    ///
    /// - Throws: `log.copied`, naming both.
    func claim(for home: Home) throws(GloveboxError) {
        try held.withLock { held throws(GloveboxError) in
            if let owner = held.slot.home, owner.identity != home.identity {
                throw GloveboxError(
                    "log.copied",
                    "the log belongs to \(Display.escape(owner.path)), and \(Display.escape(home.path)) is a copy of it: "
                        + "two copies would sign two histories",
                    hint: "start the first; if it is gone for good, 'gloveboxd adopt' makes the copy the log's own"
                )
            }
            held.slot.home = home
        }
    }

    /// Makes a copy the log's own.
    ///
    /// - Throws: `log.copied` while the directory it is a copy of is still there; `store.io`.
    func adopt(for home: Home) throws(GloveboxError) {
        try held.withLock { held throws(GloveboxError) in
            if let owner = held.slot.home, owner.identity != home.identity, try Directory.exists(owner.path),
                try DirectoryIdentity(of: Directory(owner.path)) == owner.identity
            {
                throw GloveboxError(
                    "log.copied",
                    "\(Display.escape(owner.path)), which the log belongs to, is still there",
                    hint: "start that one, or remove it"
                )
            }
            held.slot.home = home
        }
        try replace(with: note)
    }

    /// Replaces the checkpoint, if the file is still as this process left it.
    ///
    /// When this returns, the signature may leave the process.
    ///
    /// - Throws: `log.sign-lock` when another has written it, `store.io`; it must not be written again after that.
    func replace(with note: [UInt8]) throws(GloveboxError) {
        try held.withLock { held throws(GloveboxError) in
            guard try Self.isSame(file.read(at: 0, count: 2 * Self.slotBytes), held.bytes) else {
                throw GloveboxError(
                    "log.sign-lock",
                    "\(Display.escape(file.path)) was written by another program while this one had it",
                    hint: "keep it: it may be evidence of a second writer"
                )
            }
            var next = held.slot
            next.sequence += 1
            next.note = note
            let bytes = try Self.encode(next)
            let start = Int(next.sequence % 2) * Self.slotBytes
            try file.write(bytes, at: start)
            held.bytes.replaceSubrange(start..<start + Self.slotBytes, with: bytes)
            held.slot = next
        }
        try file.syncData()
    }

    /// Lets another process have the sign-lock; it must not be written afterwards.
    func release() { file.unlock() }

    /// Whether two files are the same; the list's own `==` looks at a byte at a time, while callers wait.
    private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                guard let first = left.baseAddress, let second = right.baseAddress else { return true }
                return unsafe memcmp(first, second, left.count) == 0
            }
        }
    }

    private static func encode(_ slot: Slot) throws(GloveboxError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(slotBytes)
        bytes += magic + version.bigEndianBytes + slot.sequence.bigEndianBytes
        bytes += UInt32(slot.note.count).bigEndianBytes + slot.note
        if let home = slot.home {
            let path = home.path.utf8.prefix(1024)
            bytes += home.identity.bytes + UInt16(path.count).bigEndianBytes + path
        }
        bytes += CRC32C.checksum(bytes).bigEndianBytes
        guard slot.home != nil, bytes.count <= slotBytes else {
            throw GloveboxError("log.sign-lock", "the checkpoint is too long for the sign-lock, or of no directory")
        }
        bytes += repeatElement(0, count: slotBytes - bytes.count)
        return bytes
    }

    private static func parse(_ slot: ArraySlice<UInt8>) -> Slot? {
        let bytes = Array(slot)
        guard bytes.starts(with: magic), case let found = UInt16(bigEndianBytes: bytes[4..<6]), 1...version ~= found
        else { return nil }
        let note = 18..<18 + Int(UInt32(bigEndianBytes: bytes[14..<18]))
        let path = note.upperBound + DirectoryIdentity.byteCount + 2
        guard path + 4 <= bytes.count else { return nil }
        var end = note.upperBound
        if found > 1 { end = path + Int(UInt16(bigEndianBytes: bytes[path - 2..<path])) }
        guard end + 4 <= bytes.count, UInt32(bigEndianBytes: bytes[end..<end + 4]) == CRC32C.checksum(bytes[..<end])
        else { return nil }
        var home: Home?
        if found > 1 {
            let identity = DirectoryIdentity(bytes[note.upperBound..<path - 2])
            home = Home(identity, String(decoding: bytes[path..<end], as: UTF8.self))
        }
        return Slot(sequence: UInt64(bigEndianBytes: bytes[6..<14]), note: Array(bytes[note]), home: home)
    }
}
