import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux

/// The command `glovebox dataset split`.
struct LineageSplitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Give a dataset a ledger and a history of its own; two owners must sign for it.",
        discussion: """
            Datasets that share one in twenty of their units share one privacy ledger and one history of releases. Two owners \
            who sign the same reason part them. The new ledger starts with all that was spent, the new history with all that \
            was released. Without --message, shows with whom the dataset shares them.

            EXAMPLE
              glovebox dataset split ward-b -m "two hospitals; each answers for its own patients"
            """
    )

    @Argument(help: "Name of the dataset.")
    var name: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Why; the second owner gives the same reason.", valueName: "REASON")
    )
    var message: String?

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let known = try await session.client.lineage(dataset: name)
            guard let message else { return session.terminal.result(known.json, Self.lines(known)) }
            let signer = try session.profile.signer()
            let split = LineageSplit(
                dataset: name,
                commitment: known.commitment,
                lineage: known.lineage,
                OwnerWord(
                    account: try await session.client.whoami().account,
                    keyID: signer.publicKey.keyID,
                    time: SystemClock.now(),
                    reason: message
                )
            )
            let envelope = try signer.sign(split.bytes)
            let now = try await session.client.splitLineage(
                dataset: name,
                LineageSplitRequest(envelope: String(decoding: envelope.bytes, as: UTF8.self))
            )
            session.terminal.result(now.json, Self.lines(now))
        }
    }

    private static func lines(_ lineage: LineageInfo) -> [String] {
        var lines = [
            Terminal.row("dataset", lineage.dataset), Terminal.row("lineage", lineage.lineage),
            Terminal.row("shared with", lineage.others.isEmpty ? "none" : lineage.others.joined(separator: ", ")),
        ]
        if let reason = lineage.reason { lines.append(Terminal.row("split asked", Display.escape(reason))) }
        if lineage.quorum.have > 0 {
            lines.append(Terminal.row("signed", "\(lineage.quorum.have) of \(lineage.quorum.need) owners"))
        }
        return lines
    }
}
