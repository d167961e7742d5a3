import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxLocalCommands

/// The command `glovebox backup`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the site while it works, and read back what was written.",
        discussion: """
            gloveboxd writes two new directories on its own host. One has journal, encrypted data, images, code and what was \
            released; the other has the keys. Keep them apart: whoever has both has the private data. Not in it are the \
            sign-lock, which must not exist twice, and what is made anew: tiles, index, uploads in progress. Settings that \
            stand outside the state directory are not in it either.

            EXAMPLE
              glovebox backup /srv/backup/2026-11-27 --keys /media/safe/2026-11-27
            """
    )

    @Argument(help: "New directory for journal, data and images.")
    var directory: String

    @Option(help: ArgumentHelp("New directory for the keys.", valueName: "DIR"))
    var keys: String

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let made = try await session.client.backUp(
                BackupRequest(
                    directory: try HostPath.absolute(new: directory),
                    keys: try HostPath.absolute(new: keys)
                )
            )
            var rows = [
                Terminal.row("backup", "\(made.digest.named), \(made.entries) log entries"),
                Terminal.row("data", made.directory),
                Terminal.row("keys", "\(made.keys); keep them apart from the data"),
                Terminal.row("size", "\(made.files) files, \(made.bytes) bytes, read back and compared"),
            ]
            if !made.leftOut.isEmpty {
                rows.append(Terminal.row("not in it", made.leftOut.map(Display.escape).joined(separator: ", ")))
            }
            session.terminal.result(made.json, rows)
        }
    }
}

/// `glovebox restore`: runs the sibling daemon's command, since the store is the daemon's.
struct RestoreCommand: SiblingCommand {
    static let words = ["restore"]
    static let configuration: CommandConfiguration = described("Bring a site back from a backup.")

    @Argument(parsing: .captureForPassthrough, help: "Directory and options.")
    var options: [String] = []
}
