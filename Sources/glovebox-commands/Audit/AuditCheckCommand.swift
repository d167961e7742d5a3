import ArgumentParser
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency

/// The command `glovebox audit check`.
struct AuditCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the proof that an entry is in a log; offline.",
        discussion: """
            The entry's hash comes first, then the log's signature, witnesses, index and path. Exit status 0 verified, \
            1 refused, 2 usage or unreadable input.

            EXAMPLE
              glovebox audit check 42.tlog-proof --entry 42.json --key log.vkey
            """
    )

    @Argument(help: "The proof, as audit prove and receipts give it.")
    var proof: String

    @OptionGroup var options: TrustOptions

    @Option(help: ArgumentHelp("The entry, byte for byte.", valueName: "FILE"))
    var entry: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            let trust = try options.trust()
            let bytes = try InputFile.bytes(proof, limit: 2 * SignedNote.maxBytes)
            let leaf = try InputFile.bytes(entry, limit: LeafKind.maxBytes)
            do throws(GloveboxError) {
                let read = try TlogProof(parsing: bytes)
                let opened = try read.verify(entry: leaf, trust: trust, now: SystemClock.now())
                let checkpoint = opened.checkpoint
                terminal.result(
                    [
                        "verdict": "verified", "reason": "", "index": .string(String(read.index)),
                        "origin": .string(checkpoint.origin), "size": .string(String(checkpoint.size)),
                        "root": .string(checkpoint.root.hex),
                    ],
                    [
                        "entry \(read.index) of \(Display.escape(checkpoint.origin)), \(checkpoint.size) entries",
                        opened.witnesses == nil
                            ? "witnesses  not asked: no policy was given" : "witnesses  as the policy asks",
                        "VERIFIED",
                    ]
                )
            } catch {
                return AuditStatus.refuse(error, terminal)
            }
            return true
        }
    }
}
