package import ArgumentParser
internal import GloveboxCore
internal import GloveboxMeasure

/// The command `glovebox measure`.
package struct MeasureCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "measure",
        // It is parsed by itself; without this its texts would not name the whole command.
        _superCommandName: "glovebox",
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

    package init() {}

    package func run() throws {
        do {
            if nar {
                let digest = try CodeTree.archiveDigest(directory: directory)
                return say(["narSha256": .string(digest.hex)], "nar      \(digest)")
            }
            let code = try CodeTree.measure(directory: directory)
            say(code.json, code.text)
        } catch {
            // Whatever it refuses, or cannot read, has the one status of a failure.
            CommandFailure.tell(error, json: json)
            throw ExitCode.failure
        }
    }

    private func say(_ value: @autoclosure () -> JSONValue, _ text: @autoclosure () -> String) {
        JailReportText.write(json ? CanonicalJSON.encode(value()) + [10] : Array((text() + "\n").utf8), to: 1)
    }
}
