import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency

/// The command `glovebox audit prove`.
struct AuditProveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Write the proof that an entry is in a log: one file that verifies offline.",
        discussion: "EXAMPLE\n  glovebox audit prove 42 --log /var/lib/glovebox --key log.vkey --out 42.tlog-proof"
    )

    @Argument(help: "Index of the entry, or the metadata.uid of an event.")
    var event: String

    @OptionGroup var options: LogOptions

    @Option(help: ArgumentHelp("The proof; INDEX.tlog-proof unless given.", valueName: "FILE"))
    var out: String?

    @Option(help: ArgumentHelp("Where the entry itself goes, byte for byte.", valueName: "FILE"))
    var entryOut: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            let trust = try options.trustOptions.trust()
            let (entry, proof) = try await LogPlace.with(options.log) { source throws(GloveboxError) in
                let note = try await source.checkpoint()
                let checkpoint = try trust.open(note: note, now: SystemClock.now()).checkpoint
                let index = try await EventSearch(source, size: checkpoint.size).index(of: event)
                let tree = TileTree(source, size: checkpoint.size)
                let hashes = try await tree.inclusion(index: index)
                let entry = try await source.entry(index, size: checkpoint.size)
                return (entry, TlogProof(index: index, hashes: hashes, checkpoint: note))
            }
            do throws(GloveboxError) { _ = try proof.verify(entry: entry, trust: trust, now: SystemClock.now()) } catch
            {
                return AuditStatus.refuse(error, terminal)
            }
            let path = out ?? "\(proof.index).tlog-proof"
            try OutputFile.write(proof.bytes, to: path)
            if let entryOut { try OutputFile.write(entry, to: entryOut) }
            terminal.result(
                ["index": .string(String(proof.index)), "proof": .string(path)],
                ["entry \(proof.index) is in the log; the proof is in \(Display.escape(path))"]
            )
            return true
        }
    }
}
