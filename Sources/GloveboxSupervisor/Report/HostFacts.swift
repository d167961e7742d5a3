internal import Glibc
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxLinux

/// What the host is, read once at start.
struct HostFacts: Sendable {
    /// Security version of this program: one more with each release that mends something by which an earlier one could be
    /// made to tell, sign or run what it must not.
    static let securityVersion: UInt64 = 1

    /// Digest of this program.
    let supervisor: Digest
    /// Its security version.
    let svn: UInt64
    /// Digest of the launcher.
    let launcher: Digest
    /// The file of which that is the digest.
    let launcherFile: Descriptor
    /// Path of the launcher.
    let launcherPath: String
    /// Digest of the library that deterministic jails load; nil where it is not installed.
    let shim: Digest?
    /// Files mapped executable into this process when it started: those that trust files may list.
    let mapped: [Report.CodeMapping]
    /// The same at any time.
    let programs: MappedPrograms
    /// The kernel.
    let kernel: Report.Kernel

    static func read(svn: UInt64 = securityVersion) throws(GloveboxError) -> HostFacts {
        let launcher = try Machine.sibling("glovebox-jail")
        let file: Descriptor
        do { file = try Descriptor.open(launcher, O_RDONLY) } catch { throw error.coded("jail.launcher") }
        let programs = MappedPrograms()
        return HostFacts(
            supervisor: try Machine.sha256(file: "/proc/self/exe"),
            svn: svn,
            launcher: try Machine.sha256(file: "/proc/self/fd/\(file.raw)"),
            launcherFile: file,
            launcherPath: launcher,
            shim: try digest(Machine.sibling(FixedShim.name)),
            mapped: try programs.current(),
            programs: programs,
            kernel: Report.Kernel(
                version: Machine.text("/proc/sys/kernel/osrelease") + " " + Machine.text("/proc/sys/kernel/version"),
                bootID: Machine.text("/proc/sys/kernel/random/boot_id"),
                lsm: Machine.text("/sys/kernel/security/lsm"),
                notes: try digest("/sys/kernel/notes"),
                cmdline: try digest("/proc/cmdline"),
                modules: try digest("/proc/modules"),
                sysctls: TextMap(sysctls())
            )
        )
    }

    /// Whether a debugger can look into this process now.
    ///
    /// Source: proc(5), `TracerPid` of `/proc/PID/status`.
    static func isTraced(_ status: String = Machine.text("/proc/self/status")) -> Bool {
        let line = status.split(separator: "\n").first { $0.hasPrefix("TracerPid:") }
        return line?.dropFirst(10).filter { !$0.isWhitespace } != "0"
    }

    private static func digest(_ path: String) throws(GloveboxError) -> Digest? {
        StateFile.exists(path) ? try Machine.sha256(file: path) : nil
    }

    private static func sysctls() -> [(String, String)] {
        let names = ["kernel/unprivileged_bpf_disabled", "kernel/yama/ptrace_scope", "user/max_user_namespaces"]
        return names.compactMap { name in
            let value = Machine.text("/proc/sys/" + name)
            return value.isEmpty ? nil : (name.split(separator: "/").joined(separator: "."), value)
        }
    }
}
