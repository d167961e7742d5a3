import ArgumentParser
import Dispatch
import Glibc

/// Where the program starts.
@main enum Entry {
    /// Runs the command; `jail run`, whose start counts, without the threads of the concurrency runtime, and without what
    /// the parser makes for all other commands and for texts of help.
    static func main() {
        if CommandLine.arguments.dropFirst().prefix(2).elementsEqual(["jail", "run"]) {
            let arguments = Array(CommandLine.arguments.dropFirst(3))
            do {
                JailDoor.prepare(for: arguments)
                defer { JailDoor.close() }
                var command = try JailRunCommand.parseAsRoot(arguments)
                try command.run()
            } catch let status as ExitCode {
                exit(status.rawValue)
            } catch { JailRunCommand.exit(withError: error) }
        } else {
            Task {
                await Glovebox.main()
                exit(0)
            }
            dispatchMain()
        }
    }
}
