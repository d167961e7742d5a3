import GloveboxPlan

/// The plan that the launcher reads.
enum PlanTarget: FuzzTarget {
    static let name = "plan"

    /// A plan with every kind of step and every field filled.
    static var plan: JailPlan {
        var plan = JailPlan()
        plan.options = [.notify, .privileged, .landlock, .timeNamespace]
        plan.hostname = Array("jail".utf8)
        plan.workloadID = 1000
        plan.programDescriptor = 9
        plan.wallMilliseconds = 1 << 40
        plan.graceMilliseconds = 5000
        plan.oomScore = 800
        func text(_ text: String) -> [UInt8] { Array(text.utf8) }
        plan.steps = [
            .directory(path: text("root"), mode: 0o755), .file(path: text("root/etc")),
            .link(target: text("/proc/self/fd"), path: text("root/dev/fd")),
            .scratch(path: text("root/tmp"), bytes: 1 << 20, inodes: 6, mode: 0o1777, flags: [.noExec, .exported]),
            .bind(source: text("/usr"), path: text("root/usr"), flags: [.readOnly, .recursive]),
            .attach(descriptor: 7, path: text("root/data"), flags: [.readOnly]),
            .cover(lower: text("shown/1"), path: text("root/shown")),
            .overlay(upper: text("up"), lower: text("low"), path: text("root")), .processes(path: text("root/proc")),
            .seal(path: text("root/dev")), .stage(isAwaited: true),
        ]
        plan.directory = text("/")
        plan.arguments = [text("sh"), text("-c"), text("true")]
        plan.programs = [text("/bin/sh"), text("/usr/bin/sh")]
        plan.environment = [text("PATH=/bin")]
        plan.limits = [.init(resource: 4, value: .max), .init(resource: 7, value: 1024)]
        plan.filter = [UInt8](repeating: 6, count: 16)
        plan.descriptors = [5]
        plan.tasks = [7, 8]
        plan.writable = [text("/tmp"), text("/out")]
        return plan
    }

    /// The birth that goes with it.
    static var birth: JailBirth {
        var birth = JailBirth()
        birth.uidMap = Array("0 1 1\n1000 2 1\n".utf8)
        birth.gidMap = birth.uidMap
        return birth
    }

    static var seeds: [[UInt8]] {
        var small = JailPlan()
        small.arguments = [[120]]
        small.filter = [UInt8](repeating: 0, count: 8)
        return [plan.encoded, small.encoded]
    }

    static func read(_ bytes: [UInt8]) {
        // Two spellings of one plan would be two plans to whoever compares digests.
        if let plan = JailPlan(decoding: bytes) { precondition(plan.encoded == bytes, "the plan has two forms") }
    }
}
