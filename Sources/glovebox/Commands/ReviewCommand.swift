import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux

/// The command `glovebox review`.
struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Look at a sealed release and vote on it with your own key.",
        discussion: """
            Writes the archive as it would leave, and the result of every check. With --approve or --refuse it signs a \
            verdict on exactly those bytes. Nobody sees a vote before all are in, and a vote stays.

            EXAMPLES
              glovebox review job_… -o look
              glovebox review job_… -o look --approve
              glovebox review job_… -o look --refuse -m 'the weights look like a table'
            """
    )

    @Argument(help: "Job.")
    var job: String

    @Option(name: [.customShort("o"), .customLong("out")], help: ArgumentHelp("Directory.", valueName: "DIR"))
    var out: String

    @Flag(help: "Vote for the release.")
    var approve = false

    @Flag(help: "Vote against it; needs a message.")
    var refuse = false

    @Option(name: [.customShort("m"), .customLong("message")], help: "Reason for the record.")
    var message: String = ""

    @OptionGroup var site: SiteOptions

    func validate() throws {
        if approve, refuse { throw ValidationError("--approve and --refuse say two things at once") }
        if refuse, message.isEmpty { throw ValidationError("--refuse needs a reason: -m TEXT") }
    }

    func run() async throws {
        try await Session.run(site) { session in
            let files = try await session.client.release(id: job)
            guard let text = files["subject.json"], let bundle = files["bundle.tar"],
                let evidence = files["evidence.json"]
            else { throw GloveboxError("receipt.refused", "the site sent no whole release; nothing was signed") }
            let subject = try JSONReader.read(text)
            var fields = try JSONFields(subject, at: "subject")
            let policy = try fields.digest("policy")
            try OutputFile.makeDirectory(out)
            for (name, bytes) in [("bundle.tar", bundle), ("evidence.json", evidence)] {
                try OutputFile.write(bytes, to: out + "/" + name)
            }
            let lines = [Terminal.row("files", "\(out)/bundle.tar, \(out)/evidence.json")]
            guard approve || refuse else {
                session.terminal.result(subject, lines)
                return
            }
            let account = try await session.client.whoami()
            let signer = try session.profile.signer()
            // Of the bytes on this machine: the site refuses a vote on others than it would release.
            let verdict = ReleaseVerdict(
                seen: bundle,
                evidence: evidence,
                policy: policy,
                verdict: approve ? .approve : .refuse,
                reason: message,
                reviewer: account.account,
                keyID: signer.publicKey.keyID,
                time: SystemClock.now()
            )
            let envelope = try signer.sign(verdict.bytes)
            let receipt = try await session.client.voteOnRelease(
                id: job,
                ApprovalRequest(envelope: String(decoding: envelope.bytes, as: UTF8.self))
            )
            session.terminal.result(
                receipt.json,
                lines + [
                    Terminal.row("signed", "\(verdict.verdict.rawValue) \(verdict.bundle.named)"),
                    Terminal.row("log", "entry \(receipt.logIndex)"),
                ]
            )
        }
    }
}
