import Glibc
import GloveboxLinux

extension Attack {
    /// Reaching for other processes.
    static let processes: [Attack] = [
        // PTRACE_SEIZE of a process that cannot exist.
        call("attack-ptrace", "tracing a process", "ptrace", 0x4206, Int(Int32.max)),
        Attack(name: "attack-process-memory", what: "reading memory of a process") { _ in
            let area = [UInt8](repeating: 0, count: 8)
            return SystemCall.withBytes(area) { address in
                let vector = [address, 8].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
                }
                return SystemCall.withBytes(vector) {
                    SystemCall.make("process_vm_readv", Int(getpid()), $0, 1, $0, 1)
                }
            }
        },
        call("attack-descriptor-theft", "taking a descriptor of a process", "pidfd_getfd", -1),
        Attack(name: "attack-signal-init", what: "signalling process 1", needs: "unique-ids") { _ in
            SystemCall.make("kill", 1, 0)
        },
        Attack(name: "attack-signal-host", what: "signalling a process of the host") {
            SystemCall.make("kill", $0.process, 0)
        },
        open("attack-init-environment", "/proc/1/environ"),
        Attack(name: "attack-host-process", what: "seeing a process of the host") {
            SystemCall.open("/proc/\($0.process)/status", O_RDONLY)
        },
    ]

    /// Opening a path for reading.
    static func open(_ name: String, _ path: String) -> Attack {
        Attack(name: name, what: "reading " + path) { _ in SystemCall.open(path, O_RDONLY) }
    }
}
