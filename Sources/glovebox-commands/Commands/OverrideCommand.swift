import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux

/// The command `glovebox override`.
struct OverrideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "override",
        abstract: "Let a table leave that is near to earlier releases; two owners must sign for it.",
        discussion: """
            A table that differs in few people from an earlier release is refused. Where nothing else was wrong, two owners who \
            sign the same reason override that: submitted again, the same table of the same data under the same policy, for the \
            same project, is not refused for the releases that it was refused for. The log, and the record of the release, say \
            so. Without --message, shows what the checks found, and who has signed.

            EXAMPLE
              glovebox override job_… -m "the three are staff, and public"
            """
    )

    @Argument(help: "Id of the refused job.")
    var job: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Why; the second owner gives the same reason.", valueName: "REASON")
    )
    var message: String?

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let known = try await session.client.override(job)
            guard let message else { return session.terminal.result(known.json, Self.lines(known)) }
            let signer = try session.profile.signer()
            let statement = ReleaseOverride(
                job: known.job,
                evidence: known.evidence,
                OwnerWord(
                    account: try await session.client.whoami().account,
                    keyID: signer.publicKey.keyID,
                    time: SystemClock.now(),
                    reason: message
                )
            )
            let envelope = try signer.sign(statement.bytes)
            let now = try await session.client.override(
                job,
                OverrideRequest(envelope: String(decoding: envelope.bytes, as: UTF8.self))
            )
            session.terminal.result(now.json, Self.lines(now))
        }
    }

    private static func lines(_ refusal: OverrideInfo) -> [String] {
        var lines = [
            Terminal.row("job", refusal.job), Terminal.row("refused", Display.escape(refusal.explanation)),
        ]
        for near in refusal.near {
            lines.append(Terminal.row("near to", "\(near.release), by \(near.difference) units"))
        }
        if let reason = refusal.reason { lines.append(Terminal.row("override asked", Display.escape(reason))) }
        lines.append(Terminal.row("signed", "\(refusal.quorum.have) of \(refusal.quorum.need) owners"))
        return lines
    }
}
