import CGloveboxLinux
import GloveboxPlanEmbedded

/// The kernel's own account of the workload, so that the supervisor need not believe the plan.
///
/// Its files are opened before filter and Landlock could be in the way, and read when both are in force. They are those of
/// the host's `/proc`, which every jail has until its program starts; the jail's own may not be there.
struct Account {
    /// The body of ``JailMessage/ready``.
    private(set) var body: [UInt8] = []
    private var files: [(source: JailMessage.Source, descriptor: Int)] = []
    private let control: Control

    /// Opens the files; `processes` is a descriptor of `/proc`, and is closed.
    init(processes: Int, control: Control) {
        self.control = control
        let own = call(SYS_openat, processes, address("self"), Int(Kernel.path | O_DIRECTORY | O_CLOEXEC))
        control.check(own, .readback)
        close(processes)
        let sources: [(JailMessage.Source, StaticString)] = [
            (.status, "status"), (.mounts, "mountinfo"), (.uidMap, "uid_map"), (.gidMap, "gid_map"),
            (.setgroups, "setgroups"), (.oomScore, "oom_score_adj"), (.clocks, "timens_offsets"),
        ]
        for (source, name) in sources {
            let file = call(SYS_openat, own, address(name), Int(O_RDONLY | O_CLOEXEC))
            if file == -2, source == .clocks { continue }  // a kernel without time namespaces
            control.check(file, .readback)
            files.append((source, file))
        }
        add(.namespaces, namespaces(own))
        close(own)
        add(.limits, limits())
        let securebits = call(SYS_prctl, Int(PR_GET_SECUREBITS))
        control.check(securebits, .readback)
        add(.securebits, decimal(UInt64(securebits)))
    }

    /// Reads the files.
    mutating func read() {
        for (source, file) in files {
            // A line of the mounts is as long as the paths in it.
            guard let text = readOn(file, limit: 30_000, shortLines: source != .mounts) else {
                control.fail(JailFault.readback.rawValue, -5)
            }
            close(file)
            add(source, text)
        }
        files = []
    }

    /// Adds what was found in another way.
    mutating func add(_ source: JailMessage.Source, _ text: [UInt8]) {
        body.append(source.rawValue)
        body += word(UInt32(text.count)) + text
    }

    /// The namespaces of this process, a link a line; `own` is its directory.
    private func namespaces(_ own: Int) -> [UInt8] {
        let names: [StaticString] = [
            "ns/cgroup", "ns/ipc", "ns/mnt", "ns/net", "ns/pid", "ns/time", "ns/user", "ns/uts",
        ]
        var lines: [UInt8] = []
        var link = [UInt8](repeating: 0, count: 64)
        for name in names {
            let length = unsafe link.withUnsafeMutableBufferPointer { buffer in
                call(SYS_readlinkat, own, address(name), Int(bitPattern: buffer.baseAddress), buffer.count)
            }
            if length == -2 { continue }  // a kernel without this kind
            control.check(length, .readback)
            lines += link[0..<length] + [UInt8(ascii: "\n")]
        }
        return lines
    }

    /// Every resource limit of this process.
    private func limits() -> [UInt8] {
        var lines: [UInt8] = []
        for resource in 0..<16 {  // RLIM_NLIMITS
            var value: (UInt64, UInt64) = (0, 0)
            let asked = unsafe withUnsafeMutablePointer(to: &value) {
                call(SYS_prlimit64, 0, resource, 0, Int(bitPattern: $0))
            }
            control.check(asked, .readback)
            lines += decimal(UInt64(resource)) + bytes(" ") + decimal(value.0) + bytes(" ") + decimal(value.1)
            lines.append(UInt8(ascii: "\n"))
        }
        return lines
    }
}
