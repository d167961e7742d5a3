internal import ArgumentParser
internal import Glibc
internal import GloveboxCore
internal import GloveboxJailCommand

/// Where the command line starts: `jail run`, whose start counts, is this program alone; every other command is
/// `glovebox-commands` beside it, which this program becomes.
@main enum Entry {
    static func main() {
        guard isJailRun else { handOver() }
        let arguments = Array(CommandLine.arguments.dropFirst(3))
        do {
            JailDoor.prepare(for: arguments)
            defer { JailDoor.close() }
            var command = try JailRunCommand.parseAsRoot(arguments)
            try command.run()
        } catch let status as ExitCode {
            exit(status.rawValue)
        } catch { JailRunCommand.exit(withError: error) }
    }

    private static var isJailRun: Bool {
        let words = CommandLine.arguments
        return words.count > 2 && words[1] == "jail" && words[2] == "run"
    }

    /// Goes on as the program of the other commands, with the very bytes that were given.
    private static func handOver() -> Never {
        do { try unsafe Programs.become("glovebox-commands", CommandLine.unsafeArgv) } catch {
            JailReportText.write("glovebox: \(error)\n", to: 2)
            exit(2)
        }
    }
}
