import Glibc
import GloveboxLinux

extension Attack {
    /// Doors into the kernel that jobs have no use for.
    static let kernel: [Attack] = [
        Attack(name: "attack-bpf", what: "loading a BPF map") { _ in
            // BPF_MAP_CREATE of an array with one element of four bytes.
            SystemCall.withBytes(words([2, 4, 4, 1], size: 48)) { SystemCall.opening("bpf", 0, $0, 48) }
        },
        Attack(name: "attack-perf", what: "counting the processor's events") { _ in
            // PERF_TYPE_SOFTWARE, without the kernel and the hypervisor, of this process.
            var attributes = words([1, 112], size: 112)
            attributes[40] = 0x61
            return SystemCall.withBytes(attributes) { SystemCall.opening("perf_event_open", $0, 0, -1, -1, 8) }
        },
        Attack(name: "attack-io-uring", what: "an io_uring, which goes round filters") { _ in
            SystemCall.withBytes(words([], size: 120)) { SystemCall.opening("io_uring_setup", 1, $0) }
        },
        Attack(name: "attack-userfaultfd", what: "taking page faults over") { _ in
            SystemCall.opening("userfaultfd", Int(O_CLOEXEC) | 1)  // UFFD_USER_MODE_ONLY
        },
        // KEYCTL_GET_KEYRING_ID of the session's.
        call("attack-keyrings", "the kernel's keyrings", "keyctl", 0, -3),
        call("attack-file-handles", "opening a file by its handle", "open_by_handle_at", Int(AT_FDCWD)),
        call("attack-modules", "loading a kernel module", "finit_module", -1),
        // A flag that does not exist.
        call("attack-kexec", "loading another kernel", "kexec_load", 0, 0, 0, 0x8000),
        call("attack-swap", "switching swap on", "swapon"),
        call("attack-kernel-log", "reading the kernel's log", "syslog", 10),  // SYSLOG_ACTION_SIZE_BUFFER
        call("attack-clock", "setting the clock", "clock_settime"),
        call("attack-host-name", "changing the host's name", "sethostname", 0, 1 << 16),
        // TIOCSTI; the kernel looks at the low half only.
        call("attack-terminal", "typing into a terminal (TIOCSTI with high bits)", "ioctl", 0, 1 << 32 | 0x5412),
        Attack(name: "attack-x32", what: "calls of the x32 interface") { _ in
            let pid = SystemCall.child(numbers: [0x4000_0027])  // getpid
            guard pid >= 0 else { return pid }
            let status = SystemCall.wait(pid)
            return status == 0 ? 0 : status & 0x7f == SIGSYS ? Int(-EPERM) : Int(-ENOSYS)
        },
    ]

    /// A call with arguments that can do no harm.
    static func call(
        _ name: String,
        _ what: String,
        _ call: String,
        _ a: Int = 0,
        _ b: Int = 0,
        _ c: Int = 0,
        _ d: Int = 0
    ) -> Attack {
        Attack(name: name, what: what, criterion: .refused) { _ in SystemCall.make(call, a, b, c, d) }
    }

    /// Little-endian 32-bit numbers, then zeros up to `size` bytes.
    private static func words(_ numbers: [UInt32], size: Int) -> [UInt8] {
        let bytes = numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
        return bytes + [UInt8](repeating: 0, count: size - bytes.count)
    }
}
