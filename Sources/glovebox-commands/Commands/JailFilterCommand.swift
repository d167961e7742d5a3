import ArgumentParser
import GloveboxCore
import GloveboxJail
import GloveboxLocalCommands
import GloveboxMeasure

/// `glovebox jail filter`: the program a jail loads into the kernel, for those who check a report's digest of it.
struct JailFilterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filter",
        abstract: "Write the seccomp program of a profile to stdout.",
        discussion: """
            The bytes are classic BPF as the launcher loads them; their SHA-256 stands in every report. They were \
            compiled from the profile's rules by libseccomp and are kept with them; --anew compiles them here.

            EXAMPLES
              glovebox jail filter python | sha256sum
              glovebox jail filter python --anew | cmp - python.bpf
              glovebox jail filter python --json
            """
    )

    @Argument(help: "The profile: checker, default, python or strict.")
    var profile: String

    @Flag(help: "Compile the rules with this host's libseccomp.")
    var anew = false

    @Flag(help: "Write the digest and the size instead of the program.")
    var json = false

    func run() throws {
        do {
            let profile = try ShippedProfiles.named(profile)
            let program = anew ? try profile.compiledAnew() : try profile.compiled()
            guard json else {
                JailReportText.write(program, to: 1)
                return
            }
            let account: JSONValue = [
                "profile": .string(profile.name), "sha256": .string("\(SHA256Stream.digest(program))"),
                "bytes": .integer(Int64(program.count)),
            ]
            JailReportText.write(CanonicalJSON.encode(account) + [10], to: 1)
        } catch {
            JailReportText.write("glovebox: \(error)\n", to: 2)
            throw ExitCode(2)
        }
    }
}
