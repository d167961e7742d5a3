import ArgumentParser
import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxLocalCommands
import GloveboxMeasure

/// The command `glovebox submit`.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Upload code, make the plan, sign it, and hand it in for approval.",
        discussion: """
            The plan's digest covers code, arguments, environment, image, dataset, policies, limits and jail profile. \
            Nothing runs before people have approved exactly that digest.

            EXAMPLE
              glovebox submit code --dataset fair --image python --policy aggregate-table -- python3 main.py
            """
    )

    @Argument(help: "Directory with the code.")
    var directory: String

    @Option(help: "Dataset.")
    var dataset: String

    @Option(help: ArgumentHelp("Dataset that is joined to it on the unit, as both owners allow.", valueName: "NAME"))
    var join: String?

    @Option(help: "Image.")
    var image: String

    @Option(help: "Output policy.")
    var policy: String

    @Option(help: ArgumentHelp("Policy that this run alone tightens; may be given twice.", valueName: "FILE"))
    var tighten: [String] = []

    @Option(help: ArgumentHelp("Project; the site's default without it.", valueName: "NAME"))
    var project: String?

    @Option(help: "Wall-clock limit.")
    var wall: WallTime?

    @Option(help: "Memory limit.")
    var memory: ByteSize?

    @Option(help: "Processes and threads.")
    var pids: UInt64?

    @Option(help: ArgumentHelp("Whole processors; one unless given.", valueName: "N"))
    var cpus: UInt64?

    @Option(help: ArgumentHelp("Machines that will do: full, those without a weaker protection.", valueName: "full"))
    var isolation: DemandedIsolation?

    @OptionGroup var fixed: FixedOptions

    @Option(help: ArgumentHelp("32 bytes that the report must carry, in hex or base64url.", valueName: "NONCE"))
    var nonce: NonceText?

    @Flag(help: "Have the report as CWT and JWT, too.")
    var eat = false

    @Option(name: [.customShort("m"), .customLong("purpose")], help: "Why, in a sentence for the reviewers.")
    var purpose: String = ""

    @Flag(help: "Wait for the end; exit status 0 released, 3 withheld or denied, 7 failed.")
    var wait = false

    @OptionGroup var site: SiteOptions

    @Argument(parsing: .postTerminator, help: "The command, after --.")
    var command: [String]

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("Give the command after --.") }
    }

    func run() async throws {
        try await Session.run(site) { session in
            let signer = try session.profile.signer()
            let (archive, code) = try pack()
            let upload = try await session.client.addBlob(descriptor: archive.raw, bytes: UInt64(archive.status().size))
            guard upload.narSha256 == code.narSha256 else {
                throw GloveboxError(
                    "digest.mismatch",
                    "the site received \(upload.narSha256), sent was \(code.narSha256)"
                )
            }
            var tighten: [String] = []
            for file in self.tighten { tighten.append(try InputFile.text(file) + "\n") }
            let made = try await session.client.createPlan(
                CreatePlanRequest(
                    project: project,
                    code: code.narSha256,
                    image: image,
                    argv: command,
                    dataset: dataset,
                    join: join,
                    outputPolicy: policy,
                    tighten: tighten,
                    limits: RequestedLimits(
                        wallSeconds: wall.map { max(1, $0.milliseconds / 1000) },
                        memoryBytes: memory?.bytes,
                        pids: pids,
                        processors: cpus
                    ),
                    needsFullIsolation: isolation == .full,
                    deterministic: fixed.requested,
                    purpose: purpose
                )
            )
            // The site writes the plan, so it is read before it is signed.
            let manifest = try Manifest(parsing: made.manifest)
            guard manifest.digest == made.planDigest, manifest.core.code.nar == code.narSha256,
                manifest.core.executors.map(\.argv) == [command],
                manifest.inputs.map(\.name) == [dataset] + [join].compactMap({ $0 }),
                manifest.core.isolation == isolation?.manifest,
                manifest.core.deterministic?.seed == fixed.requested?.seed,
                manifest.core.deterministic?.clock == fixed.requested?.clock
            else {
                throw GloveboxError(
                    "plan.digest-mismatch",
                    "the site's plan is not what was asked for; nothing was signed"
                )
            }
            let envelope = try signer.sign(made.manifest)
            let job = try await session.client.submit(
                SubmitJobRequest(
                    planDigest: made.planDigest,
                    envelope: String(decoding: envelope.bytes, as: UTF8.self),
                    nonce: nonce?.bytes,
                    link: String(decoding: try signer.sign(WorkflowLink.submit(manifest)).bytes, as: UTF8.self),
                    wantsTokens: eat
                )
            )
            session.terminal.result(
                job.json,
                [
                    Terminal.row("code", code.narSha256.named), Terminal.row("plan", made.planDigest.named),
                    Terminal.row("job", job.id), Terminal.row("next", "glovebox status \(job.id) --wait"),
                ]
            )
            if wait { try await JobWatch.wait(session, job.id) }
        }
    }

    private func pack() throws -> (Descriptor, CodeMeasurement) {
        let archive = try Descriptor.memory(name: "code")
        let code = try CodeTree.pack(directory: directory, to: DescriptorStream(borrowing: archive.raw))
        _ = lseek(archive.raw, 0, SEEK_SET)
        return (archive, code)
    }
}

/// Waits for a job and says how it goes.
enum JobWatch {
    /// Prints each phase as it comes; throws the job's exit status when it ended without a release.
    static func wait(_ session: Session, _ id: String) async throws {
        var job = try await session.client.job(id: id)
        var shown: [String] = []
        while true {
            // The sentence changes with the clock; what it is made of does not.
            let parties =
                job.waiting?.waitingOn.map { String(decoding: CanonicalJSON.encode($0.json), as: UTF8.self) } ?? []
            let now = [job.phase.rawValue, job.waiting?.code.rawValue ?? ""] + parties
            if now != shown {
                session.terminal.note(Terminal.row(job.phase.words, job.message))
                if job.phase == .returned, let round = job.rounds.last {
                    for line in AnswerText.lines(round) { session.terminal.note(line) }
                }
                shown = now
            }
            if job.phase.isTerminal { break }
            job = try await session.client.job(id: id, wait: 20)
        }
        let code = GloveboxAPI.ExitCode(job.phase)
        if code != .ok { throw ArgumentParser.ExitCode(code.rawValue) }
    }
}

/// The command `glovebox watch`.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow a job: each phase and each new reason to wait, until it has ended.",
        discussion: """
            Exit status: 0 released, 3 withheld or denied, 7 failed.

            EXAMPLE
              glovebox watch job_…
            """
    )

    @Argument(help: "Job.")
    var job: String

    @OptionGroup var site: SiteOptions

    func run() async throws { try await Session.run(site) { session in try await JobWatch.wait(session, job) } }
}

/// The command `glovebox status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show jobs: the phase, who it waits for, and how long."
    )

    @Argument(help: "Job; none lists all.")
    var job: String?

    @Flag(help: "Wait for the end; exit status 0 released, 3 withheld or denied, 7 failed.")
    var wait = false

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            guard let id = job else {
                let list = try await session.client.jobs()
                session.terminal.result(list.json, list.items.map { "\($0.id)  \($0.phase.words)  \($0.message)" })
                return
            }
            if wait { try await JobWatch.wait(session, id) }
            let job = try await session.client.job(id: id)
            if wait && !session.terminal.json { return }
            var lines = [Terminal.row("job", job.id), Terminal.row("phase", job.phase.words)]
            if !job.message.isEmpty { lines.append(Terminal.row("why", job.message)) }
            if !job.reasons.isEmpty { lines.append(Terminal.row("reasons", job.reasons.joined(separator: ", "))) }
            lines += job.denied.map { Terminal.row("denied", $0) }
            lines += job.rounds.flatMap(AnswerText.lines)
            if job.phase == .returned {
                lines.append(Terminal.row("next", "glovebox resubmit \(job.id) -m ANSWER [--drop FILE]"))
            }
            lines.append(Terminal.row("plan", job.planDigest.named))
            session.terminal.result(job.json, lines)
        }
    }
}

/// The command `glovebox cancel`.
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cancel", abstract: "Stop a job that has not ended.")

    @Argument(help: "Job.")
    var job: String

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let job = try await session.client.cancel(id: job, CancelRequest())
            session.terminal.result(job.json, [Terminal.row("phase", job.phase.words)])
        }
    }
}
