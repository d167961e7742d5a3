import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux

/// The command `glovebox review`.
struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Look at a release that waits for people, and sign what you think of it.",
        discussion: """
            Shows the files as they would leave and the record with every check in full. Your verdict speaks of exactly these \
            bytes. Nobody sees it before everyone who is asked has spoken, and you see theirs no earlier. --diff shows what is \
            another than in the project's last release of the same data; 'glovebox show --diff' compares the code.

            EXAMPLES
              glovebox review job_… -o DIR
              glovebox review job_… --diff
              glovebox review job_… --approve -m 'no cell under 20'
              glovebox review job_… --return -m 'which wards are in the counts?'
              glovebox review job_… --refuse -m 'two columns name a ward'
            """
    )

    @Argument(help: "Job.")
    var job: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Directory to write the files to.", valueName: "DIR"))
    var output: String?

    @Flag(help: "Show what changed since the project's last release of the same data.")
    var diff = false

    @Flag(help: "Sign that it may leave.")
    var approve = false

    @Flag(name: .customLong("return"), help: "Sign that the researcher has to answer first, or to leave files out.")
    var sendBack = false

    @Flag(help: "Sign that it may not leave.")
    var refuse = false

    private var decision: ReleaseVerdict.Decision? {
        approve ? .approve : sendBack ? .sendBack : refuse ? .refuse : nil
    }

    @Option(name: [.customShort("m"), .customLong("message")], help: "Why; it stands in the record.")
    var message: String = ""

    @Option(help: ArgumentHelp("The bundle's digest you mean; another one is refused.", valueName: "DIGEST"))
    var digest: String?

    @OptionGroup var site: SiteOptions

    func validate() throws {
        guard [approve, sendBack, refuse].count(where: \.self) <= 1 else {
            throw ValidationError("Give one of --approve, --return and --refuse.")
        }
        guard decision == nil || !message.isEmpty else { throw ValidationError("A verdict needs its reason: -m.") }
    }

    func run() async throws {
        try await Session.run(site) { session in
            let release = try await session.client.release(job)
            if let digest, digest != release.bundle.named, digest != release.bundle.hex {
                throw GloveboxError(
                    "review.changed",
                    "you named \(Display.escape(digest)), the release has \(release.bundle)"
                )
            }
            if let output { try OutputFile.writeAll(release.files, to: output) }
            guard let decision else {
                session.terminal.result(
                    release.json,
                    Self.lines(release) + (diff ? ReleaseDifference(release).lines.map(Display.escape) : [])
                )
                return
            }
            let signer = try session.profile.signer()
            let account = try await session.client.whoami()
            let verdict = ReleaseVerdict(
                bundle: release.bundle,
                policy: release.policy,
                evidence: release.evidence,
                decision: decision,
                account: account.account,
                keyID: signer.publicKey.keyID,
                time: SystemClock.now(),
                reason: message
            )
            let envelope = try signer.sign(verdict.bytes)
            let receipt = try await session.client.vote(
                job,
                VerdictRequest(envelope: String(decoding: envelope.bytes, as: UTF8.self))
            )
            session.terminal.result(
                receipt.json,
                [
                    Terminal.row("signed", "\(verdict.decision.rawValue) \(release.bundle)"),
                    Terminal.row("spoken", "\(receipt.quorum.have) of \(receipt.quorum.need)"),
                    Terminal.row("log", "entry \(receipt.logIndex)"),
                ]
            )
        }
    }

    private static func lines(_ release: ReleaseReview) -> [String] {
        var lines = [
            Terminal.row("bundle", release.bundle.named), Terminal.row("policy", release.policy.named),
            Terminal.row("spoken", "\(release.quorum.have) of \(release.quorum.need)"),
        ]
        for round in release.rounds { lines += round.verdicts.map(line) + AnswerText.lines(round.answer) }
        lines += release.verdicts.map(line)
        for file in release.files {
            lines.append(Terminal.row("file", "\(Display.escape(file.path)), \(file.content.count) bytes"))
        }
        return lines
    }

    private static func line(_ verdict: ReleaseReview.Verdict) -> String {
        Terminal.row("verdict", "\(verdict.verdict) by \(verdict.reviewer): \(Display.escape(verdict.reason))")
    }
}
