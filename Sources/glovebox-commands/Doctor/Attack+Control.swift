import Glibc
import GloveboxLinux

extension Attack {
    /// Ways to another root, another namespace or another identity.
    static let control: [Attack] = [
        call("attack-mount", "mounting a file system", "mount"),
        Attack(name: "attack-new-mount", what: "making a file system without a place") { _ in
            Kernel.withPath("tmpfs") { SystemCall.opening("fsopen", $0, 1) }
        },
        Attack(name: "attack-open-tree", what: "taking a part of the mount tree") { _ in
            Kernel.withPath("/") { SystemCall.opening("open_tree", Int(AT_FDCWD), $0) }
        },
        Attack(name: "attack-user-namespace", what: "a user namespace of its own") { _ in
            guard let number = SeccompFilter.number(of: "getpid") else { return Int(-ENOSYS) }
            let pid = SystemCall.child(flags: 0x1000_0000, numbers: [number])  // CLONE_NEWUSER
            if pid > 0 { _ = SystemCall.wait(pid) }
            return pid
        },
        Attack(name: "attack-unshare", what: "leaving a namespace") { _ in
            SystemCall.make("unshare", 0x400_0000)  // CLONE_NEWUTS, which changes nothing by itself
        },
        // Its flags lie in memory, where no filter can see them.
        call("attack-clone3", "starting processes with unseen flags", "clone3"),
        call("attack-setns", "joining another namespace", "setns", -1),
        Attack(name: "attack-chroot", what: "changing the root") { _ in
            Kernel.withPath("/") { SystemCall.make("chroot", $0) }
        },
        Attack(name: "attack-device-node", what: "making a device node") { target in
            let path = target.scratch + "/device"
            let made = Kernel.withPath(path) { SystemCall.make("mknodat", Int(AT_FDCWD), $0, 0o20600, 0x103) }
            if made >= 0 { unsafe unlink(path) }
            return made
        },
        Attack(name: "attack-root-user", what: "becoming root") { _ in SystemCall.make("setuid", 0) },
        Attack(name: "attack-capabilities", what: "taking a capability") { _ in
            // _LINUX_CAPABILITY_VERSION_3; what is held now, and CAP_SYS_ADMIN (21) made effective and permitted.
            let header: [UInt8] = [0x22, 0x05, 0x08, 0x20, 0, 0, 0, 0]
            var data = [UInt8](repeating: 0, count: 24)
            let read = SystemCall.withBytes(header) { header in
                unsafe data.withUnsafeMutableBytes {
                    SystemCall.make("capget", header, Int(bitPattern: $0.baseAddress))
                }
            }
            guard read >= 0 else { return read }
            data[2] |= 0x20
            data[6] |= 0x20
            return SystemCall.withBytes(header) { header in
                SystemCall.withBytes(data) { SystemCall.make("capset", header, $0) }
            }
        },
        Attack(name: "attack-own-limits", what: "changing its own resource limits") { _ in
            // RLIMIT_CORE to zero, which harms no one.
            SystemCall.withBytes([UInt8](repeating: 0, count: 16)) { SystemCall.make("prlimit64", 0, 4, $0) }
        },
    ]
}
