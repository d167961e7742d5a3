internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPolicy

/// Takes what a job left, when its last process is dead, by descriptor and on bytes: names and files are hostile.
struct OutputCollector {
    /// One regular file.
    struct File: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    /// Everything that was there.
    struct Outputs: Sendable {
        var files: [File] = []
        /// What makes the whole folder unfit for release, in words for the owner.
        var faults: [String] = []
    }

    let policy: OutputPolicy

    private static let mostEntries = 64
    private static let mostBytes = 16 << 20

    func collect(_ directory: Descriptor) throws(GloveboxError) -> Outputs {
        var outputs = Outputs()
        for name in try names(of: directory) {
            guard let text = String(validating: name, as: UTF8.self), let declared = policy.output(named: text),
                !declared.type.isSpec
            else {
                outputs.faults.append("undeclared-file")
                do throws(SyscallError) {
                    let bytes = try take(name, directory, limit: Self.mostBytes)
                    outputs.files.append(File(name: "undeclared", bytes: bytes))
                } catch {}  // not a file one can read: nothing to commit to, and the fault stands already
                continue
            }
            do throws(SyscallError) {
                let bytes = try take(name, directory, limit: Int(clamping: declared.maxBytes))
                outputs.files.append(File(name: text, bytes: bytes))
            } catch { outputs.faults.append(error.errno == EFBIG ? "too-large" : "not-a-regular-file") }
        }
        for declared in policy.outputs where declared.isRequired && !declared.type.isSpec {
            if !outputs.files.contains(where: { $0.name == declared.name }) { outputs.faults.append("missing-output") }
        }
        return outputs
    }

    private func take(_ name: [UInt8], _ directory: Descriptor, limit: Int) throws(SyscallError) -> [UInt8] {
        // RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH
        var how = (UInt64(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), UInt64(0), UInt64(0x01 | 0x04 | 0x08))
        var path = name + [0]
        let opened = unsafe withUnsafeMutablePointer(to: &how) { how in
            unsafe path.withUnsafeMutableBufferPointer {
                Kernel.call(SYS_openat2, Int(directory.raw), Int(bitPattern: $0.baseAddress), Int(bitPattern: how), 24)
            }
        }
        let file = Descriptor(owning: Int32(try Kernel.value(opened, "openat2")))
        let status = try file.status()
        guard status.isRegular, status.links == 1 else { throw SyscallError("openat2", ELOOP) }
        guard status.size <= limit else { throw SyscallError("read", EFBIG) }
        return try file.readAll(limit: limit)
    }

    private func names(of directory: Descriptor) throws(GloveboxError) -> [[UInt8]] {
        let listing: Descriptor
        do { listing = try Descriptor.open(".", O_RDONLY | O_DIRECTORY, in: directory) } catch {
            throw error.coded("output.collect")
        }
        guard let stream = unsafe fdopendir(dup(listing.raw)) else {
            throw SyscallError("fdopendir", errno).coded("output.collect")
        }
        defer { unsafe closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in unsafe Array(raw.prefix { $0 != 0 }) }
            if name == [46] || name == [46, 46] { continue }
            guard names.count < Self.mostEntries else {
                throw GloveboxError("output.too-many", "the job left more than \(Self.mostEntries) files")
            }
            names.append(name)
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
