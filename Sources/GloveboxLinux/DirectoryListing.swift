internal import CGloveboxLinux
internal import Glibc

extension Descriptor {
    /// The names in this directory, as bytes and in their order, without `.` and `..`.
    ///
    /// - Throws: `E2BIG` when there are more than `limit`.
    package func names(limit: Int = .max) throws(SyscallError) -> [[UInt8]] {
        let own = try Descriptor.open(".", O_RDONLY | O_DIRECTORY, in: self)
        let raw = dup(own.raw)
        guard raw >= 0, let listing = unsafe fdopendir(raw) else { throw SyscallError("fdopendir", errno) }
        defer { unsafe closedir(listing) }
        var names: [[UInt8]] = []
        while let entry = unsafe readdir(listing) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in unsafe Array(raw.prefix { $0 != 0 }) }
            if name == [UInt8(ascii: ".")] || name == [UInt8(ascii: "."), UInt8(ascii: ".")] { continue }
            guard names.count < limit else { throw SyscallError("readdir", E2BIG) }
            names.append(name)
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Opens a name of this directory, close-on-exec, without following a link or leaving the mount it is on.
    ///
    /// Source: openat2(2), `RESOLVE_NO_XDEV`, `RESOLVE_NO_SYMLINKS`, `RESOLVE_BENEATH`.
    package func open(beneath name: [UInt8], _ flags: Int32, mode: UInt32 = 0) throws(SyscallError) -> Descriptor {
        var how = (UInt64(flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), UInt64(mode), UInt64(0x01 | 0x04 | 0x08))
        let path = name + [0]
        let opened = unsafe withUnsafeMutablePointer(to: &how) { how in
            unsafe path.withUnsafeBufferPointer {
                Kernel.call(SYS_openat2, Int(raw), Int(bitPattern: $0.baseAddress), Int(bitPattern: how), 24)
            }
        }
        return Descriptor(owning: Int32(try Kernel.value(opened, "openat2")))
    }

    /// Opens a file or directory of this directory for reading, also one whose mode keeps even its owner out.
    ///
    /// The directory must not change meanwhile.
    package func openOwn(_ name: [UInt8], _ flags: Int32 = O_RDONLY) throws(SyscallError) -> Descriptor {
        do { return try open(beneath: name, flags) } catch {
            let status = try FileStatus.of(name, in: self)
            guard error.errno == EACCES, status.isRegular || status.isDirectory else { throw error }
        }
        let path = name + [0]
        let changed = unsafe path.withUnsafeBufferPointer {
            Kernel.call(SYS_fchmodat, Int(raw), Int(bitPattern: $0.baseAddress), 0o700)
        }
        _ = try Kernel.value(changed, "fchmodat")
        return try open(beneath: name, flags)
    }
}

extension Descriptor {
    /// Removes everything in an open directory, links as such.
    package borrowing func empty() throws(SyscallError) {
        for name in try names() {
            let isDirectory = try FileStatus.of(name, in: self).isDirectory
            if isDirectory { try open(beneath: name, O_RDONLY | O_DIRECTORY).empty() }
            let path = name.map { CChar(bitPattern: $0) } + [0]
            guard unsafe unlinkat(raw, path, isDirectory ? AT_REMOVEDIR : 0) == 0 else {
                throw SyscallError("unlinkat", errno)
            }
        }
    }
}
