internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxLinux

/// Small files beside a TPM, each written whole or not at all; an attester keeps `ak.key`, wrapped by its TPM,
/// `eventlog.json`, and the `clock` last seen.
package struct EventStore: Sendable {
    private let directory: String

    /// Names an existing directory.
    package init(directory: String) { self.directory = directory }

    func key() throws(GloveboxError) -> WrappedKey? {
        guard let bytes = try read("ak.key") else { return nil }
        var reader = TPMReader(bytes)
        let secret = try reader.sized()
        let key = WrappedKey(secret: secret, area: try reader.sized())
        try reader.finish()
        return key
    }

    func keep(_ key: WrappedKey) throws(GloveboxError) {
        let bytes = TPMWriter.make {
            $0.sized(key.secret)
            $0.sized(key.area)
        }
        try write("ak.key", bytes)
    }

    func events() throws(GloveboxError) -> MeasuredEvents {
        guard let bytes = try read("eventlog.json") else { return MeasuredEvents([]) }
        return try MeasuredEvents(parsing: bytes)
    }

    func keep(_ events: MeasuredEvents) throws(GloveboxError) { try write("eventlog.json", events.bytes) }

    /// Where the TPM's clock stood when it was last seen; nil before.
    func clock() throws(GloveboxError) -> TPMClock? {
        guard let bytes = try read("clock") else { return nil }
        var reader = TPMReader(bytes)
        let clock = try TPMClock(reading: &reader)
        try reader.finish()
        return clock
    }

    func keep(_ clock: TPMClock) throws(GloveboxError) { try write("clock", clock.bytes) }

    /// Lets go of the key and of the clock that was its TPM's, so that the next start makes a key.
    ///
    /// - Throws: `storage.write`.
    package func forgetKey() throws(GloveboxError) {
        for name in ["clock", "ak.key"] {
            guard unsafe unlink("\(directory)/\(name)") == 0 || errno == ENOENT else {
                throw SyscallError("unlink", errno, name).coded("storage.write")
            }
        }
    }

    func read(_ name: String) throws(GloveboxError) -> [UInt8]? {
        do throws(SyscallError) {
            return try Descriptor.open("\(directory)/\(name)", O_RDONLY | O_NOFOLLOW).readAll(limit: 1 << 20)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error.coded("storage.read")
        }
    }

    /// Written aside, synced, renamed: whole or not at all.
    func write(_ name: String, _ bytes: [UInt8]) throws(GloveboxError) {
        let path = "\(directory)/\(name)"
        do throws(SyscallError) {
            let file = try Descriptor.open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
            try file.write(bytes)
            guard fsync(file.raw) == 0 else { throw SyscallError("fsync", errno, path) }
            guard unsafe rename(path + ".new", path) == 0 else { throw SyscallError("rename", errno, path) }
            let folder = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
            guard fsync(folder.raw) == 0 else { throw SyscallError("fsync", errno, directory) }
        } catch { throw error.coded("storage.write") }
    }
}
