import Glibc
import GloveboxCore
import GloveboxLinux

/// What the kernel of this host offers.
enum HostChecks {
    /// All of them.
    static func all() -> [Check] {
        [
            kernel(), architecture(), userNamespaces(), landlock(), timeNamespaces(), erofs(), notification(),
            idRanges(), companion(.broker), companion(.signer), clock(), coreDumps(),
        ]
    }

    private static let isRoot = Kernel.isHostRoot

    /// Major and minor version of the kernel.
    static let version: (major: Int, minor: Int) = {
        let parts = (HostText.setting("kernel.osrelease") ?? "").split(separator: ".")
        let numbers = parts.prefix(2).map { Int($0.prefix { $0.isNumber }) ?? 0 }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
    }()

    private static func kernel() -> Check {
        let text = "Linux " + (HostText.setting("kernel.osrelease") ?? "of unknown version")
        if version < (5, 14) { return .fail("kernel", text + " lacks calls the jail needs", "Use Linux 6.1 or later.") }
        if version < (6, 1) {
            return .warn("kernel", text + " is older than any the jail is tested on", "Use Linux 6.1 or later.")
        }
        return .ok("kernel", text)
    }

    private static func architecture() -> Check {
        #if arch(x86_64)
        return .ok("architecture", "x86_64, which the seccomp profiles are made for")
        #else
        return .fail("architecture", "the seccomp profiles are made for x86_64 alone", "Use an x86_64 host.")
        #endif
    }

    private static func userNamespaces() -> Check {
        let id = "user-namespaces"
        let most = HostText.setting("user.max_user_namespaces")
        if most == nil { return .fail(id, "the kernel has no user namespaces", "Build it with CONFIG_USER_NS.") }
        if most == "0" {
            return .fail(id, "user.max_user_namespaces is 0", "Set it: sysctl -w user.max_user_namespaces=15000")
        }
        if isRoot { return .ok(id, "root may make up to \(most ?? "") of them") }
        if HostText.setting("kernel.unprivileged_userns_clone") == "0" {
            let hint = "Allow them: sysctl -w kernel.unprivileged_userns_clone=1"
            return .fail(id, "kernel.unprivileged_userns_clone keeps them from ordinary users", hint)
        }
        if HostText.setting("kernel.apparmor_restrict_unprivileged_userns") == "1" {
            let hint =
                "Allow them: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give the launcher "
                + "an AppArmor profile with userns"
            return .warn(
                id,
                "AppArmor restricts them for ordinary users; the jail below shows whether it can run",
                hint
            )
        }
        return .ok(id, "an ordinary user may make them")
    }

    private static func landlock() -> Check {
        let found = Kernel.landlockVersion
        if found > 0 { return .ok("landlock-version", "version \(found) of its interface") }
        let hint = "Start the kernel with lsm=landlock,… or build it with CONFIG_SECURITY_LANDLOCK."
        return .warn("landlock-version", "the kernel has no Landlock: one layer fewer round the job's files", hint)
    }

    private static func timeNamespaces() -> Check {
        if HostText.has("/proc/self/ns/time") { return .ok("time-namespaces", "the jail's monotonic clock is its own") }
        let hint = "Use a kernel with CONFIG_TIME_NS."
        return .warn("time-namespaces", "the kernel has none: a job sees how long the host is up", hint)
    }

    private static func erofs() -> Check {
        guard isRoot else {
            return .ok("erofs", "not needed: an ordinary user's images are unpacked to directories")
        }
        let known = HostText.read("/proc/filesystems")?.split(whereSeparator: \.isWhitespace).contains("erofs") == true
        if !known {
            let hint = "Load it: modprobe erofs; or use a directory or a squashfs image as root."
            return .warn("erofs", "the kernel does not list EROFS, which images are made in", hint)
        }
        if version >= (6, 12) { return .ok("erofs", "images are mounted from their file, without a loop device") }
        if HostText.has("/dev/loop-control", R_OK | W_OK) { return .ok("erofs", "images are mounted by a loop device") }
        let hint = "Load it: modprobe loop; in a container, pass /dev/loop-control in."
        return .warn("erofs", "Linux before 6.12 needs a loop device for an image, and there is none", hint)
    }

    private static func notification() -> Check {
        let actions = HostText.setting("kernel.seccomp.actions_avail") ?? ""
        if actions.split(separator: " ").contains("user_notif") {
            return .ok("seccomp-notification", "denied calls are told with their argument")
        }
        return .fail("seccomp-notification", "the kernel cannot tell of denied calls", "Use Linux 5.0 or later.")
    }

    private static func idRanges() -> Check {
        let id = "id-ranges"
        if isRoot { return .ok(id, "not needed: root gives every jail two ids of its own") }
        let under = "a job runs under the user's own id"
        if let missing = GrantedIDs.helpers.first(where: { !HostText.has($0, X_OK) }) {
            return .warn(id, "there is no \(missing): \(under)", "Install it (Debian: uidmap); or run as root.")
        }
        guard GrantedIDs.areThere else {
            let hint =
                "As root, with ids that nobody has: usermod --add-subuids 100000-165535 --add-subgids "
                + "100000-165535 NAME"
            return .warn(id, "this user has no ranges of ids of its own in /etc/subuid and /etc/subgid: \(under)", hint)
        }
        if version < (6, 3) { return .warn(id, "Linux before 6.3 maps no ids of a tmpfs: \(under)", "Run as root.") }
        return .ok(id, "each jail has two ids of its own out of this user's ranges, where newuidmap maps them")
    }

    private static func companion(_ user: CompanionUser) -> Check {
        let name = user == .broker ? "broker" : "signer"
        let (id, number) = (name + "-user", user.number)
        let shared = "the \(name) runs as the supervisor's own user, and reports say so (separate-\(name))"
        guard isRoot else { return .warn(id, shared, "Run the service as root.") }
        do throws(GloveboxError) {
            guard try user.isMapped else {
                return .warn(id, "uid \(number) is not mapped here: \(shared)", "Map it into the container.")
            }
        } catch { return .fail(id, error) }
        let owner = user.hasAccount ? "user \(user.rawValue), uid \(number)" : "uid \(number), which has no account"
        return .ok(id, "under root the \(name) runs as \(owner)")
    }

    private static func clock() -> Check {
        // adjtimex(2) with no mode set only reads; state TIME_ERROR is 5.
        let state = SystemCall.withBytes([UInt8](repeating: 0, count: 208)) { SystemCall.make("adjtimex", $0) }
        if state >= 0, state != 5 { return .ok("clock", "synchronised") }
        let hint = "Start a time service, such as chrony or systemd-timesyncd."
        return .warn("clock", "nothing says the clock is synchronised, so dates in reports are this host's word", hint)
    }

    private static func coreDumps() -> Check {
        let pattern = HostText.setting("kernel.core_pattern") ?? ""
        guard pattern.hasPrefix("|") else { return .ok("core-dumps", "the jail's limit of 1 byte stops them") }
        let detail = "a job that lowers its limit to 0 and crashes hands its memory to \(pattern.dropFirst())"
        return .warn("core-dumps", detail, "Set kernel.core_pattern=core, or see to it that it keeps nothing.")
    }
}
