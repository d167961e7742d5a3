internal import CGloveboxLinux
internal import Glibc
internal import Synchronization

/// The control group of one jail: one directory, or one for each controller.
package struct ControlGroup: Sendable {
    private let layout: ControlGroupLayout
    private let name: String
    private var directories: [String: ControlGroupDirectory] = [:]
    /// What ``processLimitHits`` counts from.
    private var formerLimitHits: UInt64 = 0
    /// Whether the kernel counts processor time here: always in the one tree, and where ``set(_:)`` was asked for it.
    package private(set) var countsProcessorTime = false

    private static let prefix = "glovebox-"
    /// Controllers that get a group only with a limit that needs it.
    private static let onDemand = ["cpu", "cpuacct", "blkio"]
    /// Where processes stand under limits and nothing of theirs stays, as the memory that they touched does.
    private static let lasting = [ControlGroupLayout.unified, "pids", "cpuset"]
    private static let serial = Atomic<UInt64>(0)
    /// This process, told apart from a later one with the same id by its start time.
    private static let owner = "\(getpid()).\(startTime(of: getpid()) ?? "0").\(namespace)"
    /// The ids of processes mean something only within one namespace of them; its number, or 0.
    private static let namespace: String = {
        do { return String(decoding: try Kernel.readLink("/proc/self/ns/pid"), as: UTF8.self).filter(\.isNumber) } catch
        {
            return "0"
        }
    }()

    /// How the host keeps its controllers.
    package var kind: ControlGroupLayout.Kind { layout.kind }

    /// Makes a group without limits, out of a spare one of that layout where there is one; all or nothing.
    ///
    /// No process may do work in it before ``set(_:)``.
    package static func make(
        in layout: ControlGroupLayout,
        from spares: SpareControlGroups? = nil
    ) throws(SyscallError) -> ControlGroup {
        let number = serial.wrappingAdd(1, ordering: .relaxed).newValue
        let spare = spares?.take()
        var group = spare ?? ControlGroup(layout: layout, name: "\(prefix)\(owner)-\(number)")
        do {
            for controller in layout.parents.keys where !onDemand.contains(controller) { try group.add(controller) }
            if spare == nil { group.countsProcessorTime = group.processorMicroseconds != nil }
            // A group of version 1 takes no process before it has memory nodes.
            if layout.kind != .v2, layout.parents["cpuset"] != nil {
                try group.write(layout.effective("mems"), to: "cpuset.mems", of: "cpuset")
            }
        } catch {
            group.remove()
            throw error
        }
        return group
    }

    private init(layout: ControlGroupLayout, name: String) {
        self.layout = layout
        self.name = name
    }

    /// A group that another process made, by what its ``account`` says.
    ///
    /// - Throws: `EINVAL` for what is no such account.
    package init(account: Account) throws(SyscallError) {
        guard let kind = ControlGroupLayout.Kind(rawValue: account.kind), account.name.hasPrefix(Self.prefix),
            !account.name.contains("/"), account.controllers.allSatisfy({ account.parents[$0] != nil }),
            account.parents.values.allSatisfy({ $0.hasPrefix("/") })
        else { throw SyscallError("control group", EINVAL, account.name) }
        self.init(layout: ControlGroupLayout(kind: kind, parents: account.parents), name: account.name)
        for controller in account.controllers {
            directories[controller] = layout.top(controller)?.child(account.name)
        }
    }

    /// Where the group is, for another process.
    package var account: Account {
        Account(kind: kind.rawValue, name: name, parents: layout.parents, controllers: directories.keys.sorted())
    }

    /// Where a group is, in words that go from process to process.
    package struct Account: Sendable, Equatable {
        /// How the host keeps its controllers.
        package let kind: String
        /// The name of its directories.
        package let name: String
        /// The directories below which groups are made, by controller.
        package let parents: [String: String]
        /// The controllers that it has.
        package let controllers: [String]

        /// An account as it was received.
        package init(kind: String, name: String, parents: [String: String], controllers: [String]) {
            (self.kind, self.name, self.parents, self.controllers) = (kind, name, parents, controllers)
        }
    }

    private mutating func add(_ controller: String) throws(SyscallError) {
        guard directories[controller] == nil, let directory = layout.top(controller)?.child(name) else { return }
        // Controllers may share a tree.
        if let shared = directories.values.first(where: { $0.path == directory.path }) {
            directories[controller] = shared
            return
        }
        try directory.make()
        directories[controller] = directory
    }

    /// Leaves of a group that no process stands in what can serve another; false when nothing can.
    mutating func strip() -> Bool {
        guard kind == .hybrid, let unified = directories[ControlGroupLayout.unified], let pids = directories["pids"],
            Self.number("populated", in: unified.text("cgroup.events")) == 0,
            pids.text("pids.current").flatMap(Self.number(in:)) == 0  // a dead process counts until it is waited for
        else { return false }
        let lasting = directories.filter { Self.lasting.contains($0.key) }
        let others = directories.filter { !Self.lasting.contains($0.key) }
        let isApart = others.values.allSatisfy { other in lasting.values.allSatisfy { $0.path != other.path } }
        guard isApart, Self.remove(others) else { return false }
        directories = lasting
        do { try write("max", to: "pids.max", of: "pids") } catch { return false }
        formerLimitHits = Self.number("max", in: pids.text("pids.events")) ?? 0
        return true
    }

    /// Sets the limits, once.
    package mutating func set(_ limits: ControlGroupLimits) throws(SyscallError) {
        let isV2 = kind == .v2
        // Whole processors are granted by binding the jail to them; only a part of one takes a quota, and so a group.
        let isWhole = limits.milliCPUs?.isMultiple(of: 1000) ?? true
        if !isWhole || layout.parents["cpuset"] == nil { try add("cpu") }
        if limits.countsProcessorTime, !countsProcessorTime {
            try add("cpuacct")
            countsProcessorTime = processorMicroseconds != nil
        }
        if let memory = limits.memory {
            try write(String(memory), to: isV2 ? "memory.max" : "memory.limit_in_bytes", of: "memory")
            // Both are missing where the kernel does not account for swap.
            let swap = isV2 ? ("memory.swap.max", "0") : ("memory.memsw.limit_in_bytes", String(memory))
            _ = try writeWhereThere(swap.1, to: swap.0, of: "memory")
            if isV2 { try write("1", to: "memory.oom.group", of: "memory") }
        }
        if let processes = limits.processes { try write(String(processes), to: "pids.max", of: "pids") }
        if let rate = limits.diskRate { try limitDisks(to: rate) }
        guard let cpus = limits.milliCPUs else { return }
        if isV2 {
            try write("\(cpus * 100) 100000", to: "cpu.max", of: "cpu")
        } else if directories["cpu"] != nil {
            try write("100000", to: "cpu.cfs_period_us", of: "cpu")
            try write(String(cpus * 100), to: "cpu.cfs_quota_us", of: "cpu")
        }
        try pin(Int(clamping: (cpus + 999) / 1000))
    }

    /// Limits each disk of the host; one without a medium is left out.
    private mutating func limitDisks(to rate: UInt64) throws(SyscallError) {
        if kind != .v2 { try add("blkio") }
        guard canLimitDisks else { return }
        for disk in try Descriptor.open("/sys/block", O_RDONLY | O_DIRECTORY).names() {
            let path = "/sys/block/" + String(decoding: disk, as: UTF8.self)
            guard let size = Self.word(path + "/size"), size != "0", let number = Self.word(path + "/dev") else {
                continue
            }
            if kind == .v2 {
                try write("\(number) rbps=\(rate) wbps=\(rate)", to: "io.max", of: "io")
            } else {
                for file in ["read", "write"] {
                    try write("\(number) \(rate)", to: "blkio.throttle.\(file)_bps_device", of: "blkio")
                }
            }
        }
    }

    /// Whether this group can be kept to a rate on each disk; only after ``set(_:)`` with one.
    package var canLimitDisks: Bool {
        kind == .v2 ? has("io.max", "io") : has("blkio.throttle.read_bps_device", "blkio")
    }

    private static func word(_ path: String) -> Substring? { read(path)?.split(whereSeparator: \.isWhitespace).first }

    /// Binds the group to so many processors, taken in turn from those of the group above.
    private func pin(_ count: Int) throws(SyscallError) {
        let tree = kind == .v2 ? ControlGroupLayout.unified : "cpuset"
        guard layout.parents[tree] != nil, isPinned else { return }
        // Read each time: processors come and go.
        let all = Self.list(try layout.effective(kind == .v2 ? "cpus.effective" : "cpus"))
        guard !all.isEmpty else { return }
        let first = Int(Self.serial.load(ordering: .relaxed) % UInt64(all.count))
        let chosen = (0..<min(count, all.count)).map { String(all[(first + $0) % all.count]) }
        try write(chosen.joined(separator: ","), to: "cpuset.cpus", of: "cpuset")
    }

    /// The numbers of a list such as `0-3,8`.
    package static func list(_ text: String) -> [Int] {
        text.split(separator: ",").flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [] }
            return Array(first...last)
        }
    }

    /// Whether the jail is bound to its processors.
    package var isPinned: Bool { has("cpuset.cpus", "cpuset") }

    /// The directory in which a process can be born; nil without the one tree.
    package func birthplace() throws(SyscallError) -> Descriptor? {
        try directories[ControlGroupLayout.unified]?.descriptor()
    }

    /// The files through which a process enters the groups of version 1 by itself; only after ``set(_:)``.
    package func entrances() throws(SyscallError) -> [Descriptor] {
        var tasks: [Descriptor] = []
        for (controller, directory) in directories where controller != ControlGroupLayout.unified {
            tasks.append(try directory.file("tasks", [O_WRONLY]))
        }
        return tasks
    }

    /// How many processes the kernel killed here for want of memory.
    package var outOfMemoryKills: UInt64 {
        let file = kind == .v2 ? "memory.events" : "memory.oom_control"
        return Self.number("oom_kill", in: text(file, "memory")) ?? 0
    }

    /// How often a process could not be started for the process limit; nil where the kernel does not count it.
    package var processLimitHits: UInt64? {
        Self.number("max", in: text("pids.events", "pids")).map { $0 - min($0, formerLimitHits) }
    }

    /// Greatest memory use in bytes; nil where the kernel does not keep it.
    package var peakMemory: UInt64? {
        let file = kind == .v2 ? "memory.peak" : "memory.max_usage_in_bytes"
        return text(file, "memory").flatMap(Self.number(in:))
    }

    /// Processor time of all processes that ever stood in the group, in microseconds; nil where the kernel does not count it.
    package var processorMicroseconds: UInt64? {
        if let unified = directories[ControlGroupLayout.unified] {
            return Self.number("usage_usec", in: unified.text("cpu.stat"))
        }
        return directories["cpuacct"]?.text("cpuacct.usage").flatMap(Self.number(in:)).map { $0 / 1000 }
    }

    /// The limits as the kernel now has them, by its own file names; those that it does not have are left out.
    package var limitsInForce: [String: String] {
        let files =
            kind == .v2
            ? [
                ("memory.max", "memory"), ("memory.swap.max", "memory"), ("pids.max", "pids"), ("cpu.max", "cpu"),
                ("cpuset.cpus", "cpuset"), ("io.max", "io"),
            ]
            : [
                ("memory.limit_in_bytes", "memory"), ("memory.memsw.limit_in_bytes", "memory"), ("pids.max", "pids"),
                ("cpu.cfs_quota_us", "cpu"), ("cpu.cfs_period_us", "cpu"), ("cpuset.cpus", "cpuset"),
                ("blkio.throttle.read_bps_device", "blkio"), ("blkio.throttle.write_bps_device", "blkio"),
            ]
        var limits: [String: String] = [:]
        for (file, controller) in files {
            if let text = text(file, controller) {
                let words = text.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
                limits[file] = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            }
        }
        return limits
    }

    /// How many processes stand in the group: where it has several directories, in the one with the fewest.
    package var population: Int { directories.values.map { $0.processes().count }.min() ?? 0 }

    /// Kills what is left and removes the group.
    ///
    /// True when it is gone; otherwise it is tried again with the next that is removed.
    @discardableResult
    package func remove() -> Bool { Self.remove(directories) }

    /// Removes groups that processes no longer alive left behind; their number.
    @discardableResult
    package static func sweep(_ layout: ControlGroupLayout) -> Int {
        var left: [String: [String: ControlGroupDirectory]] = [:]
        for (controller, parent) in layout.parents {
            let names: [[UInt8]]
            do { names = try Descriptor.open(parent, O_RDONLY | O_DIRECTORY).names() } catch { continue }
            for name in names.map({ String(decoding: $0, as: UTF8.self) }) where isAbandoned(name) {
                left[name, default: [:]][controller] = layout.top(controller)?.child(name)
            }
        }
        return left.values.count { remove($0) }
    }

    private static func isAbandoned(_ name: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let owner = name.dropFirst(prefix.count).prefix { $0 != "-" }.split(separator: ".")
        // Whether a supervisor in another container still lives cannot be seen from here.
        guard owner.count == 3, owner[2] == namespace, let pid = Int32(owner[0]) else { return false }
        return startTime(of: pid).map { $0 != owner[1] } ?? true
    }

    /// Field 22 of `/proc/PID/stat`; nil when there is no such process.
    private static func startTime(of pid: Int32) -> Substring? {
        guard let stat = read("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? fields[19] : nil
    }

    private static func remove(_ directories: [String: ControlGroupDirectory]) -> Bool {
        removeStragglers()
        var left = directories
        for attempt in 0..<200 {
            left = removed(left)
            if left.isEmpty { return true }
            kill(left)
            if attempt > 0 { usleep(2000) }
        }
        keep(left)
        return false
    }

    /// Tries again to remove what the kernel was busy with.
    package static func removeStragglers() {
        let late = stragglers.withLock { late in
            defer { late = [] }
            return late
        }
        for group in late { keep(removed(group)) }
    }

    /// Groups that the kernel was busy with for too long: on a loaded host the account of a killed process can outlive it.
    private static let stragglers = Mutex<[[String: ControlGroupDirectory]]>([])

    private static func keep(_ left: [String: ControlGroupDirectory]) {
        if !left.isEmpty { stragglers.withLock { $0.append(left) } }
    }

    /// What is left of a group's directories.
    private static func removed(_ directories: [String: ControlGroupDirectory]) -> [String: ControlGroupDirectory] {
        directories.filter { !$0.value.remove() }
    }

    /// Kills every process of a group, which cannot outrun it: at once in the one tree, else frozen first.
    private static func kill(_ directories: [String: ControlGroupDirectory]) {
        func write(_ text: String, _ file: String, _ directory: ControlGroupDirectory) -> Bool {
            do { return try directory.write(text, to: file) } catch { return false }
        }
        if let unified = directories[ControlGroupLayout.unified], write("1", "cgroup.kill", unified) { return }
        let freezer = directories["freezer"]
        if let freezer { _ = write("FROZEN", "freezer.state", freezer) }
        for directory in directories.values {
            for pid in directory.processes() where pid > 0 { _ = Glibc.kill(pid, SIGKILL) }
        }
        if let freezer { _ = write("THAWED", "freezer.state", freezer) }
    }

    private func directory(_ controller: String) -> ControlGroupDirectory? {
        directories[kind == .v2 ? ControlGroupLayout.unified : controller]
    }

    private func has(_ file: String, _ controller: String) -> Bool { directory(controller)?.has(file) ?? false }

    private func write(_ value: String, to file: String, of controller: String) throws(SyscallError) {
        let isThere = try writeWhereThere(value, to: file, of: controller)
        guard isThere else { throw SyscallError("control group", ENOENT, file) }
    }

    /// False when there is no such file.
    private func writeWhereThere(
        _ value: String,
        to file: String,
        of controller: String
    ) throws(SyscallError) -> Bool {
        try directory(controller)?.write(value, to: file) ?? false
    }

    private func text(_ file: String, _ controller: String) -> [UInt8]? { directory(controller)?.text(file) }

    private static func read(_ path: String) -> String? {
        do { return try Kernel.readText(path) } catch { return nil }
    }

    /// The number a text begins with.
    private static func number(in text: [UInt8]) -> UInt64? {
        UInt64(String(decoding: text.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self))
    }

    /// The number that stands on a line behind its key.
    private static func number(_ key: String, in text: [UInt8]?) -> UInt64? {
        for line in (text ?? []).split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: " "))
            guard parts.count == 2, parts[0].elementsEqual(key.utf8) else { continue }
            return UInt64(String(decoding: parts[1], as: UTF8.self))
        }
        return nil
    }
}
