internal import ArgumentParser
internal import Glibc
internal import GloveboxCore
internal import GloveboxLocalCommands

/// Where the command line starts: `jail run` and `measure`, whose start counts, are this program alone; every other command is
/// `glovebox-commands` beside it, which this program becomes.
@main enum Entry {
    static func main() {
        let words = CommandLine.arguments
        if words.count > 2, words[1] == "jail", words[2] == "run" {
            let arguments = Array(words.dropFirst(3))
            JailDoor.prepare(for: arguments)
            // As of a jail that was not built: any other status may be the program's own.
            run(JailRunCommand.self, arguments, usage: 125) { JailDoor.close() }
        } else if words.count > 1, words[1] == "measure" {
            run(MeasureCommand.self, Array(words.dropFirst(2)))
        } else {
            handOver()
        }
    }

    private static func run<Command: ParsableCommand>(
        _ type: Command.Type,
        _ arguments: [String],
        usage: Int32 = CommandFailure.usage,
        close: () -> Void = {}
    ) {
        do {
            defer { close() }
            var command = try Command.parseAsRoot(arguments)
            try command.run()
        } catch { CommandFailure.leave(type, error, usage: usage) }
    }

    /// Goes on as the program of the other commands, with the very bytes that were given.
    private static func handOver() -> Never {
        do { try unsafe Programs.become("glovebox-commands", CommandLine.unsafeArgv) } catch {
            JailReportText.write("glovebox: \(error)\n", to: 2)
            exit(2)
        }
    }
}
