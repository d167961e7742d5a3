package import GloveboxCore
internal import Synchronization

/// The profiles of `Policies/seccomp`, built into the program.
package enum ShippedProfiles {
    /// Names of all profiles.
    package static let names = ["checker", "default", "python", "strict"]

    private static let read = Mutex<[String: SeccompProfile]>([:])

    /// The bytes of a profile's file; nil for an unknown name.
    package static func bytes(_ name: String) -> [UInt8]? {
        switch name {
        case "checker": PackageResources.checker_json
        case "default": PackageResources.default_json
        case "python": PackageResources.python_json
        case "strict": PackageResources.strict_json
        default: nil
        }
    }

    /// What libseccomp makes of a profile, kept beside its file; nil on an architecture for which none is kept.
    private static func program(_ name: String) -> [UInt8]? {
        #if arch(x86_64)
        switch name {
        case "checker": PackageResources.checker_bpf
        case "default": PackageResources.default_bpf
        case "python": PackageResources.python_bpf
        case "strict": PackageResources.strict_bpf
        default: nil
        }
        #else
        nil
        #endif
    }

    /// A profile by name, read once in a process.
    ///
    /// - Throws: `profile.unknown` naming those that exist.
    package static func named(_ name: String) throws(GloveboxError) -> SeccompProfile {
        if let profile = read.withLock({ $0[name] }) { return profile }
        guard let bytes = bytes(name) else {
            throw GloveboxError(
                "profile.unknown",
                "there is no jail profile '\(Display.escape(name))'",
                hint: "Profiles: \(names.joined(separator: ", "))."
            )
        }
        var profile = try SeccompProfile(parsing: bytes)
        if let program = program(name) { profile.adopt(program: program) }
        read.withLock { $0[name] = profile }
        return profile
    }
}
