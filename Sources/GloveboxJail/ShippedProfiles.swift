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
        let profile = try SeccompProfile(parsing: bytes)
        read.withLock { $0[name] = profile }
        return profile
    }
}
