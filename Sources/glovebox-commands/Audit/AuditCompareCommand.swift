import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency

/// The command `glovebox audit compare`.
struct AuditCompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Check that two signed checkpoints belong to one history of one log.",
        discussion: """
            Two people who kept checkpoints of a log compare them: one size with two roots is a FORK. For two sizes the \
            proof comes from the log's files, which --log names. Exit status 0 one history, 1 refused, 2 usage or \
            unreadable input.

            EXAMPLE
              glovebox audit compare mine.checkpoint hers.checkpoint --key log.vkey --log https://log.datasite.example
            """
    )

    @Argument(help: "A signed checkpoint.")
    var first: String

    @Argument(help: "Another.")
    var second: String

    @OptionGroup var options: TrustOptions

    @Option(help: ArgumentHelp("The log's directory or URL; needed when the sizes differ.", valueName: "DIR|URL"))
    var log: String?

    @Option(help: ArgumentHelp("Where evidence of a fork goes.", valueName: "FILE"))
    var evidence: String = "log-fork.evidence.json"

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            let trust = try options.trust()
            let notes = [
                try InputFile.bytes(first, limit: SignedNote.maxBytes),
                try InputFile.bytes(second, limit: SignedNote.maxBytes),
            ]
            do throws(GloveboxError) { return try await compare(notes, trust, terminal) } catch {
                guard error.code.utf8.starts(with: "log.".utf8) else { throw error }
                return AuditStatus.refuse(error, terminal)
            }
        }
    }

    private func compare(
        _ notes: [[UInt8]],
        _ trust: LogTrust,
        _ terminal: Terminal
    ) async throws(GloveboxError) -> Bool {
        var opened: [(note: [UInt8], by: LogTrust.Opened)] = []
        for note in notes { opened.append((note, try trust.open(note: note, now: SystemClock.now()))) }
        guard opened[0].by.key.name == opened[1].by.key.name else {
            throw GloveboxError("log.origin", "the checkpoints are of two logs")
        }
        if opened[1].by.checkpoint.size < opened[0].by.checkpoint.size { opened.swapAt(0, 1) }
        let (old, new) = (opened[0].by.checkpoint, opened[1].by.checkpoint)
        var proof: [Digest] = []
        if old.size != new.size, old.size > 0 { proof = try await consistency(old, new) }
        let found = try LogEvidence.compare(
            old: (opened[0].note, old),
            new: (opened[1].note, new),
            key: opened[0].by.key,
            proof: proof
        )
        if let found {
            try OutputFile.write(found.bytes, to: evidence)
            terminal.note("FORK: both signed checkpoints are in \(Display.escape(evidence)); show it to others")
            return AuditStatus.refuse(found.error, terminal)
        }
        terminal.result(
            [
                "verdict": "verified", "reason": "", "origin": .string(new.origin),
                "sizes": [.string(String(old.size)), .string(String(new.size))],
            ],
            ["\(Display.escape(new.origin)): \(old.size) and \(new.size) entries, one history", "VERIFIED"]
        )
        return true
    }

    private func consistency(_ old: Checkpoint, _ new: Checkpoint) async throws(GloveboxError) -> [Digest] {
        guard let log else {
            throw GloveboxError(
                "usage",
                "the checkpoints have \(old.size) and \(new.size) entries, so a proof is needed",
                hint: "Give --log with the log's directory or URL."
            )
        }
        return try await LogPlace.with(log) { source throws(GloveboxError) in
            let tree = TileTree(source, size: new.size)
            guard try await tree.root() == new.root else {
                throw GloveboxError(
                    "log.root-mismatch",
                    "the files of --log do not lead to the larger checkpoint, so they prove nothing",
                    hint: "Check that log with audit verify --since and the larger checkpoint."
                )
            }
            return try await tree.consistency(old: old.size)
        }
    }
}
