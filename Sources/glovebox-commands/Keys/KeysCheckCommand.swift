import ArgumentParser
import GloveboxAttestation
import GloveboxCore
import GloveboxLocalCommands

/// The command `glovebox keys check`.
struct KeysCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that new trust files follow from those you relied on; offline.",
        discussion: """
            The new policy must not be older, its root must be the old one or one that the old one named as its \
            successor, and no key or revocation may be missing. Exit status 0 they follow, 1 refused, 2 usage or \
            unreadable input.

            EXAMPLE
              glovebox keys check --trust new/trust_config.json --since old/trust_config.json
            """
    )

    @Option(help: ArgumentHelp("The new trust configuration.", valueName: "FILE"))
    var trust: String

    @Option(help: ArgumentHelp("The one you relied on.", valueName: "FILE"))
    var since: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let files: [[String: [UInt8]]]
        do throws(GloveboxError) { files = [try Evidence.trust(trust), try Evidence.trust(since)] } catch {
            JailReportText.write("glovebox: \(error)\n", to: 2)
            throw ExitCode(2)
        }
        let terminal = Terminal(json: json, quiet: false)
        do throws(GloveboxError) {
            let version = try TrustUpdate.check(files[0], after: files[1])
            terminal.result(
                ["verdict": "verified", "version": .string(String(version))],
                ["VERIFIED: trust policy \(version) follows from the one before"]
            )
        } catch {
            terminal.result(
                ["verdict": "refused", "reason": .string(error.code), "message": .string(error.message)],
                ["REFUSED: \(error)"]
            )
            throw ExitCode(1)
        }
    }
}
