import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxLinux
import GloveboxLocalCommands
import GloveboxTransparency

/// The command `glovebox audit verify`.
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a whole log: signatures, every file, both roots, every entry.",
        discussion: """
            Keep the checkpoint after each check and give it to the next as --since: then a log that was rolled back or \
            rewritten is caught (ROLLBACK, FORK), and a file with both signed checkpoints is left as evidence. Exit \
            status 0 verified, 1 refused, 2 usage or unreadable input.

            EXAMPLE
              glovebox audit verify --log https://log.datasite.example --key log.vkey --since last.checkpoint
            """
    )

    @OptionGroup var options: LogOptions

    @Option(help: ArgumentHelp("Checkpoint kept from before.", valueName: "CHECKPOINT"))
    var since: String?

    @Option(help: ArgumentHelp("Where evidence of a rollback or fork goes.", valueName: "FILE"))
    var evidence: String?

    @Flag(help: "Check the tree, and not what the entries say; for logs of other software.")
    var treeOnly = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            let trust = try options.trustOptions.trust()
            var kept: [UInt8]?
            if let since { kept = try InputFile.bytes(since, limit: SignedNote.maxBytes) }
            let verdict = try await LogPlace.with(options.log) { source throws(GloveboxError) in
                var verifier = LogVerifier(source, trust: trust, now: SystemClock.now())
                verifier.readsLeaves = !treeOnly
                verifier.since = kept
                return try await verifier.verify()
            }
            if let found = verdict.evidence { try keep(found) }
            terminal.result(verdict.json, verdict.story)
            return verdict.isVerified
        }
    }

    private func keep(_ found: LogEvidence) throws(GloveboxError) {
        let path = evidence ?? "log-\(found.kind.rawValue).evidence.json"
        try OutputFile.write(found.bytes, to: path)
        JailReportText.write("evidence   \(path): both signed checkpoints; keep it, and show it to others\n", to: 2)
    }
}
