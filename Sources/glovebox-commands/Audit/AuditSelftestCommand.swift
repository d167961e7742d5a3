import ArgumentParser
import GloveboxCore
import GloveboxLocalCommands

/// The command `glovebox audit selftest`: only the daemon's program has the log's writer.
struct AuditSelftestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest",
        abstract: "Append synthetic events to a log of their own, and measure the disk (runs 'gloveboxd selftest').",
        discussion: "EXAMPLE\n  glovebox audit selftest --log /srv/selftest --writers 64 --count 100000"
    )

    @Argument(parsing: .captureForPassthrough, help: "Options of 'gloveboxd selftest'.")
    var options: [String] = []

    func run() throws {
        try DaemonProgram.become(["selftest"] + options)
    }
}
