import ArgumentParser
import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import GloveboxLocalCommands

/// The command `glovebox inbox`.
struct InboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox",
        abstract: "List plans and releases that wait for your vote.",
        discussion: """
            EXAMPLES
              glovebox inbox                  each job with what it wants of you
              glovebox show job_… --files     look at a plan
              glovebox review job_…           look at a release
            """
    )

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let list = try await session.client.inbox()
            session.terminal.result(
                list.json,
                list.items.map {
                    "\($0.job)  \($0.release == nil ? "plan" : "release")  \($0.submitter) for \($0.project) on "
                        + "\($0.dataset): "
                        + Display.escape($0.argv.joined(separator: " "))
                }
            )
        }
    }
}

/// The command `glovebox show`.
struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show exactly what would run.",
        discussion: """
            EXAMPLES
              glovebox show job_… --files     the plan and every line of its code
              glovebox show job_… --diff      what changed since the plan that was approved before
            """
    )

    @Argument(help: "Job.")
    var job: String

    @Flag(help: "Print the files of the code, too.")
    var files = false

    @Flag(help: "Print what differs from the plan of the same researcher on the same data that was approved last.")
    var diff = false

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let (manifest, _) = try await PlanView.load(session, job)
            if diff { return try await PlanComparison.show(session, job) }
            var lines = PlanView.lines(manifest) + [Terminal.row("project", manifest.project)]
            if let project = try await session.client.projects().items.first(where: {
                $0.project.name.utf8.elementsEqual(manifest.project.utf8)
            }) {
                lines += ProjectView.proposal(project.project)
            }
            if files {
                for file in manifest.core.files {
                    let bytes = try await session.client.planFile(digest: manifest.digest, path: file.path)
                    lines.append("--- \(Display.escape(file.path))")
                    lines += String(decoding: bytes, as: UTF8.self).split(
                        separator: "\n",
                        omittingEmptySubsequences: false
                    )
                    .map { Display.escape(String($0)) }
                }
            }
            try session.terminal.result(JSONReader.read(manifest.bytes), lines)
        }
    }
}

/// A plan as people read it.
enum PlanView {
    /// Gets a job's plan and checks that its bytes have the digest the job names.
    static func load(_ session: Session, _ job: String) async throws -> (Manifest, JobInfo) {
        let info = try await session.client.job(id: job)
        let manifest = try Manifest(parsing: try await session.client.plan(digest: info.planDigest))
        guard manifest.digest == info.planDigest else {
            throw GloveboxError(
                "plan.digest-mismatch",
                "the site showed a plan with \(manifest.digest), the job has \(info.planDigest)"
            )
        }
        return (manifest, info)
    }

    static func lines(_ manifest: Manifest) -> [String] {
        let core = manifest.core
        var lines = [
            Terminal.row("plan", manifest.digest.named), Terminal.row("purpose", manifest.purpose),
            Terminal.row("code", core.code.nar.named),
        ]
        for file in core.files {
            lines.append(Terminal.row("  file", "\(file.path) \(file.size) bytes \(file.digest.hex.prefix(16))…"))
        }
        for executor in core.executors { lines.append(Terminal.row("command", executor.argv.joined(separator: " "))) }
        lines.append(Terminal.row("image", "\(core.image.name) \(core.image.digest)"))
        for output in manifest.outputs where TaskURL.isDelivered(output.url) {
            lines.append(Terminal.row("writes", "\(output.path) to \(output.url)"))
        }
        for input in manifest.inputs {
            lines.append(Terminal.row("data", "\(input.name) version \(input.version), \(input.kind.rawValue)"))
        }
        lines.append(Terminal.row("jail", "profile \(core.profile.name), no network, emulated enclave"))
        if core.isolation == .full {
            lines.append(Terminal.row("isolation", "full: no machine that lacks a protection runs it"))
        }
        if let fixed = core.deterministic {
            lines.append(Terminal.row("repeatable", "seed \(fixed.seed), clock from \(fixed.clock.text)"))
        }
        lines.append(
            Terminal.row(
                "limits",
                "\(core.limits.wallSeconds) s, \(core.limits.memoryBytes >> 20) MiB, \(core.limits.pids) processes"
                    + (core.limits.processors > 1 ? " on \(core.limits.processors) processors" : "")
            )
        )
        return lines
    }
}

/// The command `glovebox approve`.
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Sign a plan's digest with your own key.",
        discussion: """
            Shows what would run. On a terminal it asks for the first 8 characters of the digest; without one it needs \
            --yes or --digest.

            EXAMPLE
              glovebox approve job_… -m 'counts only, threshold 10' --yes
            """
    )

    @Argument(help: "Job.")
    var job: String

    @Option(name: [.customShort("m"), .customLong("message")], help: "Comment for the record.")
    var message: String = ""

    @Option(help: "The digest you mean to approve; another one is refused.")
    var digest: String?

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Vote.cast(.approve, job, message, digest, yes, site)
    }
}

/// What a vote against a plan needs.
struct ObjectionOptions: ParsableArguments {
    @Argument(help: "Job.")
    var job: String

    @Option(name: [.customShort("m"), .customLong("message")], help: "Reason for the record.")
    var message: String

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var site: SiteOptions
}

/// The command `glovebox deny`.
struct DenyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "deny", abstract: "Refuse a plan; the job ends.")

    @OptionGroup var against: ObjectionOptions

    func run() async throws {
        try await Vote.cast(.refuse, against.job, against.message, nil, against.yes, against.site)
    }
}

/// The command `glovebox revoke`.
struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Withdraw your approval of a plan.",
        discussion: """
            A job that has not started waits for another approval; one that runs is killed. It is too late once the \
            intent to release is on record.

            EXAMPLE
              glovebox revoke job_… -m 'the purpose does not cover this variable' --yes
            """
    )

    @OptionGroup var against: ObjectionOptions

    func run() async throws {
        try await Vote.cast(.revoke, against.job, against.message, nil, against.yes, against.site)
    }
}

/// A vote, signed on this machine.
enum Vote {
    static func cast(
        _ decision: Approval.Decision,
        _ job: String,
        _ message: String,
        _ digest: String?,
        _ yes: Bool,
        _ site: SiteOptions
    ) async throws {
        try await Session.run(site) { session in
            let (manifest, _) = try await PlanView.load(session, job)
            for line in PlanView.lines(manifest) { session.terminal.note(line) }
            try confirm(manifest.digest, digest, yes)
            let account = try await session.client.whoami()
            let signer = try session.profile.signer()
            let approval = Approval(
                of: manifest.digest,
                decision: decision,
                account: account.account,
                keyID: signer.publicKey.keyID,
                notBefore: SystemClock.now(),
                comment: message
            )
            let envelope = try signer.sign(approval.bytes)
            let link = decision == .approve ? try signer.sign(WorkflowLink.review(manifest)).bytes : nil
            let receipt = try await session.client.approve(
                ApprovalRequest(
                    envelope: String(decoding: envelope.bytes, as: UTF8.self),
                    link: link.map { String(decoding: $0, as: UTF8.self) }
                )
            )
            session.terminal.result(
                receipt.json,
                [
                    Terminal.row("signed", "\(decision.rawValue) \(manifest.digest)"),
                    Terminal.row("quorum", "\(receipt.quorum.have) of \(receipt.quorum.need)"),
                    Terminal.row("log", "entry \(receipt.logIndex)"),
                ]
            )
        }
    }

    private static func confirm(_ plan: Digest, _ digest: String?, _ yes: Bool) throws(GloveboxError) {
        if let digest {
            guard digest == plan.hex || digest == plan.named else {
                throw GloveboxError("plan.digest-mismatch", "you named \(Display.escape(digest)), the job has \(plan)")
            }
            return
        }
        if yes { return }
        guard isatty(0) == 1 else {
            throw GloveboxError("usage", "there is no terminal to ask on", hint: "Give --digest DIGEST or --yes.")
        }
        JailReportText.write("Type the first 8 characters of the plan's digest to sign it: ", to: 2)
        guard let answer = readLine(), plan.hex.prefix(8) == answer else {
            throw GloveboxError("usage", "nothing was signed")
        }
    }
}
