internal import GloveboxCore
internal import GloveboxLinux

extension JailReadback {
    /// Compares the limits of the control group with those that were asked for, and whether the jail stands in it.
    ///
    /// A limit that the host cannot set is no part of the account; ``JailProtections`` tells of it.
    ///
    /// - Throws: `jail.readback` naming the first that is not as planned.
    func checkLimits(_ limits: JailLimits) throws(GloveboxError) {
        guard let controlGroup else { return }
        if let wrong = Self.difference(of: controlGroup, from: limits) {
            throw GloveboxError("jail.readback", "the jail is not as planned: its \(wrong)")
        }
        // Init and the workload.
        guard let population, population >= 2 else {
            throw GloveboxError("jail.readback", "the jail is not as planned: it does not stand in its control group")
        }
    }

    private static func difference(of group: [String: String], from limits: JailLimits) -> String? {
        func wrong(_ what: String, _ found: String?) -> String { "\(what) is \(found ?? "missing")" }
        // The kernel rounds memory down to pages.
        func isMemory(_ text: String?) -> Bool {
            text.flatMap { UInt64($0) }.map { $0 > 0 && $0 <= limits.memory } ?? false
        }
        let memory = group["memory.max"] ?? group["memory.limit_in_bytes"]
        guard isMemory(memory) else { return wrong("memory limit", memory) }
        if let both = group["memory.memsw.limit_in_bytes"], !isMemory(both) {
            return wrong("limit of memory and swap", both)
        }
        if let swap = group["memory.swap.max"], swap != "0" { return wrong("swap limit", swap) }
        let processes = group["pids.max"]
        guard processes == String(limits.processes + 1) else {  // and the jail's init
            return wrong("process limit", processes)
        }
        let quota = limits.milliCPUs * 100
        if let share = group["cpu.max"], share != "\(quota) 100000" { return wrong("processor share", share) }
        if let share = group["cpu.cfs_quota_us"], share != String(quota) || group["cpu.cfs_period_us"] != "100000" {
            return wrong("processor share", share)
        }
        if let bound = group["cpuset.cpus"] {
            let count = ControlGroup.list(bound).count
            let most = max(1, (limits.milliCPUs + 999) / 1000)
            guard count > 0, count <= most else { return wrong("set of processors", bound) }
        }
        guard limits.diskRate > 0 else { return nil }
        for file in ["io.max", "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device"] {
            if let rates = group[file], !isWithin(rates, limits.diskRate) { return wrong("disk rate", rates) }
        }
        return nil
    }

    /// Whether every rate that the kernel tells is the one asked for.
    ///
    /// Source: the kernel's cgroup documents: lines `MAJ:MIN RATE` of version 1, and `MAJ:MIN rbps=RATE wbps=RATE …` of
    /// version 2, here on one line.
    private static func isWithin(_ text: String, _ rate: UInt64) -> Bool {
        text.split(separator: " ").allSatisfy { word in
            if word.contains(":") { return true }
            let parts = word.split(separator: "=")
            if parts.count == 2 { return !parts[0].hasSuffix("bps") || parts[1] == String(rate) }
            return word == String(rate)
        }
    }
}
