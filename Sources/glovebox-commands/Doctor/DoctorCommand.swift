import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxLocalCommands

/// `glovebox doctor`: whether this host can keep its promises, found out by trying.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this host: its kernel, a real jail, and real attacks in it that must be stopped.",
        discussion: """
            One line a check: ok, warn or fail; its name; what was found and what to do. Every attack is tried in a \
            jail and, by the same code, outside: one that the host stops already proves nothing, and its line says so. \
            Nothing is changed on the host; no service and no state are needed. In another root than / the directories \
            with this program's libraries are shown, too. The jail is built by the host's kernel \
            and emulates an enclave.

            EXAMPLES
              glovebox doctor
              glovebox doctor --json
              glovebox doctor --rootfs python          the attacks in an image of the store
              sudo -u researcher glovebox doctor       what an ordinary user gets

            EXIT STATUS
              0 nothing failed; 9 something did.
            """
    )

    @Option(
        help: ArgumentHelp(
            "The jail's root: a directory, an image file, or the name of an image in the store.",
            valueName: "DIR|IMAGE"
        )
    )
    var rootfs: String = "/"

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        var checks: [Check] = []
        Examination(rootfs: rootfs).run { check in
            checks.append(check)
            if !json { JailReportText.write(check.line + "\n", to: 1) }
        }
        func count(_ status: Check.Status) -> Int { checks.count { $0.status == status } }
        if json {
            let object: JSONValue = ["checks": .array(checks.map(\.json)), "rootOfTrust": "emulated"]
            JailReportText.write(CanonicalJSON.encode(object) + [10], to: 1)
        } else {
            let summary = "\(count(.ok)) ok, \(count(.warn)) warn, \(count(.fail)) fail"
            JailReportText.write("\n\(summary); root of trust: emulated\n", to: 1)
        }
        if count(.fail) > 0 { throw ArgumentParser.ExitCode(GloveboxAPI.ExitCode.unsupported.rawValue) }
    }
}
