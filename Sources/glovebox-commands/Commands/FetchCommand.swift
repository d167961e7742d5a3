import ArgumentParser
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs

/// The command `glovebox fetch`.
struct FetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Download a job's released files and all evidence; verified before anything is written.",
        discussion: """
            The directory is an RO-Crate: ro-crate-metadata.json says what each file is.

            EXAMPLE
              glovebox fetch job_… -o results
            """
    )

    @Argument(help: "Job.")
    var job: String

    @Option(name: [.customShort("o"), .customLong("out")], help: ArgumentHelp("Directory.", valueName: "DIR"))
    var out: String

    @Option(help: ArgumentHelp("The nonce that the job was submitted with.", valueName: "NONCE"))
    var nonce: NonceText?

    @OptionGroup var site: SiteOptions

    /// The receipt; of a run that has just ended, once its report is signed: its end is told at a tick, and the report is
    /// made from then on.
    private func receipt(_ session: Session) async throws -> NamedFiles {
        for _ in 0..<Self.patience {
            do { return try await session.client.receipt(id: job) } catch {
                guard error.error.code == "job.phase" else { throw error }
                let phase = try await session.client.job(id: job).phase
                guard [.released, .withheld, .failed, .errored].contains(phase) else { throw error }
            }
            try await Task.sleep(for: .milliseconds(250))
        }
        return try await session.client.receipt(id: job)
    }

    /// Looks for a report, a quarter of a second apart.
    private static let patience = 80

    func run() async throws {
        try await Session.run(site) { session in
            let whole = try await receipt(session)
            let receipt = NamedFiles(whole.files.filter { $0.path != NamedFiles.padding })
            let trust = try await session.client.trust()
            let evidence = Evidence(
                files: receipt.files.map { ($0.path, $0.content) },
                trust: trust.files.map { ($0.path, $0.content) }
            )
            var options = VerifyOptions()
            options.acceptEmulated = true
            options.allOutputs = true
            options.nonce = nonce?.bytes
            let verdict = evidence.verdict(options, results: evidence.releasedFiles)
            guard verdict.isVerified else {
                throw GloveboxError(
                    "receipt.refused",
                    "the evidence does not verify: \(verdict.reason); nothing was written"
                )
            }
            let crate = try EvidenceCrate(job: job, files: receipt.files)
            try OutputFile.writeAll(
                receipt.files + [NamedFile(path: EvidenceCrate.name, content: crate.bytes)],
                to: out
            )
            session.terminal.result(verdict.json, verdict.story + [Terminal.row("files", out)])
        }
    }
}
