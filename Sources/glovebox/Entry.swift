import ArgumentParser
import Dispatch
import Glibc

/// Where the program starts.
@main enum Entry {
    /// Runs the command; `jail run` without the threads of the concurrency runtime, which it does not need and would
    /// wait for, and without reading the options of all other commands.
    static func main() {
        if CommandLine.arguments.dropFirst().prefix(2).elementsEqual(["jail", "run"]) {
            do {
                var command: any ParsableCommand
                do { command = try JailRunCommand.parse(Array(CommandLine.arguments.dropFirst(3))) } catch {
                    command = try Glovebox.parseAsRoot()  // its text names the whole command
                }
                try command.run()
            } catch { Glovebox.exit(withError: error) }
        } else {
            Task {
                await Glovebox.main()
                exit(0)
            }
            dispatchMain()
        }
    }
}
