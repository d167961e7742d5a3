import ArgumentParser
import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxLocalCommands

/// The command `glovebox workflow`.
struct WorkflowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflow",
        abstract: "Say, as the data's owner, who may do which step.",
        subcommands: [Sign.self]
    )

    /// The command `glovebox workflow sign`.
    struct Sign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign the in-toto layout of this site's jobs, with the data and policies put up now.",
            discussion: """
                The layout names the keys that may submit, review and run. Jobs carry the layout signed last; one whose \
                keys, data or policies it does not name carries none, and its report says so. Sign again when somebody \
                enrols a key, or data or policies change.

                EXAMPLES
                  glovebox workflow sign --profile owner
                  glovebox workflow sign --profile owner --yes --json
                """
        )

        @Flag(help: "Do not ask.")
        var yes = false

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let draft = try await session.client.workflow()
                let lines = try Self.lines(draft)
                for line in lines { session.terminal.note(line) }
                try confirm()
                let signer = try session.profile.signer()
                let signed = try await session.client.signWorkflow(
                    Workflow(
                        layout: try signer.sign(draft.layout).bytes,
                        onboard: try signer.sign(draft.onboard).bytes
                    )
                )
                try session.terminal.result(
                    JSONReader.read(signed.layout),
                    [Terminal.row("signed", "by \(signer.publicKey.keyID)")]
                )
            }
        }

        private func confirm() throws(GloveboxError) {
            if yes { return }
            guard isatty(0) == 1 else {
                throw GloveboxError("usage", "there is no terminal to ask on", hint: "Give --yes.")
            }
            JailReportText.write("Type yes to sign it: ", to: 2)
            guard readLine() == "yes" else { throw GloveboxError("usage", "nothing was signed") }
        }

        /// The layout and the link as people read them.
        private static func lines(_ draft: Workflow) throws(GloveboxError) -> [String] {
            let layout = try JSONReader.readCanonical(draft.layout)
            let onboard = try JSONReader.readCanonical(draft.onboard)
            var lines: [String] = []
            for step in layout["steps"]?.array ?? [] {
                let keys = step["pubkeys"]?.array?.compactMap(\.string).map { String($0.prefix(8)) } ?? []
                let who = "\(step["threshold"]?.integer ?? 0) of \(keys.joined(separator: ", "))"
                lines.append(Terminal.row(Display.escape(step["name"]?.string ?? ""), Display.escape(who)))
            }
            for member in onboard["products"]?.object?.members ?? [] {
                lines.append(Terminal.row("puts up", Display.escape(member.name)))
            }
            return lines
        }
    }
}
