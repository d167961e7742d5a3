import ArgumentParser
import GloveboxAPI
import GloveboxCore

/// The command `glovebox redact`.
struct RedactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redact",
        abstract: "Erase the private body of a log entry; two accounts must ask for it.",
        discussion: """
            The public leaf and every proof stay. Owners and operators may ask; the second account that asks for the same \
            entry with the same reason makes it happen, and it cannot be undone.

            EXAMPLE
              glovebox redact 41 --reason gdpr-17
            """
    )

    @Argument(help: "Index of the entry.")
    var entry: UInt64

    @Option(help: ArgumentHelp("Legal ground; it stands in the log.", valueName: "CODE"))
    var reason: String

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let state = try await session.client.redact(RedactionRequest(entry: entry, reason: reason))
            let isDone = state.quorum.have >= state.quorum.need
            session.terminal.result(
                state.json,
                [
                    Terminal.row(
                        "entry \(state.entry)",
                        isDone
                            ? "erased: its private body can no longer be read"
                            : "waits for the word of a second account"
                    )
                ]
            )
        }
    }
}
