internal import CGloveboxLinux
internal import Glibc
internal import Synchronization

/// One control group of a jail, on either version of the interface.
package struct ControlGroup: Sendable {
    /// The version in use.
    package let kind: ControlGroupLayout.Kind
    private let directories: [String: String]

    private static let prefix = "glovebox-"
    private static let counter = Atomic<UInt64>(0)

    /// Makes a group with limits; all or nothing.
    package static func make(in layout: ControlGroupLayout, limits: ControlGroupLimits) throws(SyscallError)
        -> ControlGroup
    {
        let serial = counter.wrappingAdd(1, ordering: .relaxed).newValue
        var directories: [String: String] = [:]
        for (controller, parent) in layout.parents {
            directories[controller] = "\(parent)/\(prefix)\(getpid())-\(serial)"
        }
        let group = ControlGroup(kind: layout.kind, directories: directories)
        do {
            for directory in directories.values {
                let made = Kernel.withPath(directory) { Kernel.call(SYS_mkdirat, Int(AT_FDCWD), $0, 0o755) }
                _ = try Kernel.value(made, "mkdir", directory)
            }
            try group.set(limits)
        } catch {
            group.remove()
            throw error
        }
        return group
    }

    private func set(_ limits: ControlGroupLimits) throws(SyscallError) {
        if let memory = limits.memory {
            if kind == .v2 {
                try write("memory.max", "memory", String(memory))
                try writeIfPresent("memory.swap.max", "memory", "0")
                try write("memory.oom.group", "memory", "1")
            } else {
                try write("memory.limit_in_bytes", "memory", String(memory))
                try writeIfPresent("memory.memsw.limit_in_bytes", "memory", String(memory))
            }
        }
        if let processes = limits.processes { try write("pids.max", "pids", String(processes)) }
        if let cpus = limits.milliCPUs {
            if kind == .v2 {
                try write("cpu.max", "cpu", "\(cpus * 100) 100000")
            } else if directories["cpu"] != nil {
                try write("cpu.cfs_period_us", "cpu", "100000")
                try write("cpu.cfs_quota_us", "cpu", String(cpus * 100))
            }
        }
    }

    /// Moves a process, and so all it starts, into the group.
    package func add(_ pid: Int32) throws(SyscallError) {
        for directory in directories.values { try Kernel.writeText(String(pid), to: directory + "/cgroup.procs") }
    }

    /// How many processes the kernel killed here for want of memory.
    package var outOfMemoryKills: UInt64 {
        number(in: kind == .v2 ? "memory.events" : "memory.oom_control", "memory", key: "oom_kill") ?? 0
    }

    /// How often a process could not be started for the process limit; nil where the kernel does not count it.
    package var processLimitHits: UInt64? { number(in: "pids.events", "pids", key: "max") }

    /// Greatest memory use in bytes; nil where the kernel does not keep it.
    package var peakMemory: UInt64? {
        let file = kind == .v2 ? "memory.peak" : "memory.max_usage_in_bytes"
        return text(file, "memory").flatMap { UInt64($0.split(whereSeparator: \.isWhitespace).first ?? "") }
    }

    /// Kills what is left and removes the group.
    ///
    /// True when it is gone.
    @discardableResult
    package func remove() -> Bool {
        var gone = true
        for directory in directories.values where !Self.removeDirectory(directory) { gone = false }
        return gone
    }

    /// Removes groups that processes no longer alive left behind; their number.
    @discardableResult
    package static func sweep(_ layout: ControlGroupLayout) -> Int {
        var swept = 0
        for parent in layout.parents.values {
            guard let listing = unsafe opendir(parent) else { continue }
            defer { unsafe closedir(listing) }
            while let entry = unsafe readdir(listing) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                    unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
                }
                guard name.hasPrefix(prefix), let pid = Int32(name.dropFirst(prefix.count).prefix { $0 != "-" }),
                    Glibc.kill(pid, 0) != 0, Glibc.errno == ESRCH
                else { continue }
                if removeDirectory(parent + "/" + name) { swept += 1 }
            }
        }
        return swept
    }

    private static func removeDirectory(_ directory: String) -> Bool {
        for _ in 0..<200 {
            if unsafe rmdir(directory) == 0 || Glibc.errno == ENOENT { return true }
            do { try Kernel.writeText("1", to: directory + "/cgroup.kill") } catch {
                let members = read(directory + "/cgroup.procs") ?? ""
                for pid in members.split(separator: "\n").compactMap({ Int32($0) }) where pid > 0 {
                    _ = Glibc.kill(pid, SIGKILL)
                }
            }
            usleep(5000)
        }
        return false
    }

    private func path(_ file: String, _ controller: String) -> String? {
        (directories[""] ?? directories[controller]).map { $0 + "/" + file }
    }

    private func write(_ file: String, _ controller: String, _ value: String) throws(SyscallError) {
        guard let path = path(file, controller) else { throw SyscallError("control group", ENOENT, file) }
        try Kernel.writeText(value, to: path)
    }

    private func writeIfPresent(_ file: String, _ controller: String, _ value: String) throws(SyscallError) {
        if let path = path(file, controller), unsafe access(path, F_OK) == 0 { try Kernel.writeText(value, to: path) }
    }

    private func text(_ file: String, _ controller: String) -> String? {
        path(file, controller).flatMap(Self.read)
    }

    private static func read(_ path: String) -> String? {
        do { return try Kernel.readText(path) } catch { return nil }
    }

    private func number(in file: String, _ controller: String, key: String) -> UInt64? {
        for line in (text(file, controller) ?? "").split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, parts[0] == key { return UInt64(parts[1]) }
        }
        return nil
    }
}
