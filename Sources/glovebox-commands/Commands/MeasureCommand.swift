import ArgumentParser
import GloveboxCore
import GloveboxMeasure

/// The command `glovebox measure`.
struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Print the digests of a code tree, as a plan names them; offline.",
        discussion: """
            All digests of a plan: of the tree as Nix archive, which names it, as git tree, of the list of sha256sum, and of \
            each file. With --nar the first alone.

            EXAMPLES
              glovebox measure code --json
              glovebox measure data --nar
            """
    )

    @Argument(help: "Directory.")
    var directory: String

    @Flag(help: "Print the digest that names the tree, and take no other.")
    var nar = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.report(Terminal(json: json, quiet: false)) {
            let terminal = Terminal(json: json, quiet: false)
            if nar {
                let digest = try CodeTree.archiveDigest(directory: directory)
                return terminal.result(["narSha256": .string(digest.hex)], ["nar      \(digest)"])
            }
            let code = try CodeTree.measure(directory: directory)
            terminal.result(code.json, [code.text])
        }
    }
}
