internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// Words for what the launcher could not do.
enum JailFaultText {
    static func error(step: UInt32, errno: Int32, steps: [JailStep]) -> GloveboxError {
        let reason = ErrorName.text(errno)
        if step >= JailFault.step.rawValue {
            let index = Int(step - JailFault.step.rawValue)
            let what = steps.indices.contains(index) ? describe(steps[index]) : "assembling the root"
            return GloveboxError("jail.mount-failed", "\(what) failed: \(reason)")
        }
        switch JailFault(rawValue: step) {
        case .clone where errno == EPERM || errno == ENOSPC || errno == EUSERS:
            return GloveboxError(
                "jail.user-namespaces",
                "this host refuses new user namespaces: \(reason)",
                hint: "Allow them: sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces > 0, and on "
                    + "Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; or run as root."
            )
        case .some(let fault): return GloveboxError("jail.\(name(fault))", "\(sentence(fault)) failed: \(reason)")
        case nil: return GloveboxError("jail.launcher", "step \(step) of the launcher failed: \(reason)")
        }
    }

    private static func describe(_ step: JailStep) -> String {
        func text(_ bytes: [UInt8]) -> String { Display.escape(String(decoding: bytes, as: UTF8.self)) }
        return switch step {
        case .directory(let path, _): "making the directory \(text(path))"
        case .file(let path): "making the file \(text(path))"
        case .link(_, let path): "making the link \(text(path))"
        case .scratch(let path, _, _, _, _): "mounting a tmpfs on \(text(path))"
        case .bind(let source, let path, _): "showing \(text(source)) as \(text(path))"
        case .attach(_, let path, _): "mounting the image on \(text(path))"
        case .cover(_, let path): "covering the directory shown on \(text(path))"
        case .overlay(_, _, let path): "mounting the overlay on \(text(path))"
        case .processes(let path): "mounting proc on \(text(path))"
        case .seal(let path): "making \(text(path)) read-only"
        case .stage: "staging the inputs"
        }
    }

    private static func name(_ fault: JailFault) -> String {
        switch fault {
        case .controlGroup: "control-group"
        case .idMap: "id-map"
        case .timeNamespace: "time-namespace"
        default: "\(fault)"
        }
    }

    private static func sentence(_ fault: JailFault) -> String {
        switch fault {
        case .plan: "reading the jail plan"
        case .groups: "dropping supplementary groups"
        case .clone: "making the namespaces"
        case .idMap: "mapping user and group ids"
        case .controlGroup: "entering the control group"
        case .propagation: "making mounts private"
        case .assembly: "preparing a place for the root"
        case .root: "changing the root"
        case .hostname: "setting the host name"
        case .identity: "changing the identity"
        case .capabilities: "dropping privileges"
        case .limits: "setting resource limits"
        case .filter: "loading the seccomp filter"
        case .readback: "reading the jail back"
        case .workload: "starting the workload"
        case .directory: "entering the working directory"
        case .timeNamespace: "making the time namespace"
        case .keyring: "taking a fresh keyring"
        case .landlock: "restricting the workload with Landlock"
        case .execute: "executing the program"
        case .step: "assembling the root"
        }
    }
}
