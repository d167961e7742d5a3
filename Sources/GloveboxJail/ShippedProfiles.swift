package import GloveboxCore

/// The profiles of `Policies/seccomp`, built into the program.
package enum ShippedProfiles {
    /// Names of all profiles.
    package static let names = ["checker", "default"]

    /// The bytes of a profile's file; nil for an unknown name.
    package static func bytes(_ name: String) -> [UInt8]? {
        switch name {
        case "checker": PackageResources.checker_json
        case "default": PackageResources.default_json
        default: nil
        }
    }

    /// Reads a profile by name.
    ///
    /// - Throws: `profile.unknown` naming those that exist.
    package static func named(_ name: String) throws(GloveboxError) -> SeccompProfile {
        guard let bytes = bytes(name) else {
            throw GloveboxError(
                "profile.unknown",
                "there is no jail profile '\(Display.escape(name))'",
                hint: "Profiles: \(names.joined(separator: ", "))."
            )
        }
        return try SeccompProfile(parsing: bytes)
    }
}
