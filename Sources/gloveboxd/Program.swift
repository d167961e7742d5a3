import ArgumentParser
import Dispatch
import Glibc

/// The entry.
///
/// The broker gives up root and must be alone to do it for good: it runs on the first thread before any other is there. An
/// asynchronous entry would have left that thread behind, as root.
@main enum Program {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == BrokerCommand.configuration.commandName {
            BrokerCommand.main(Array(arguments.dropFirst()))
            return
        }
        Task {
            await Gloveboxd.main()
            exit(0)
        }
        dispatchMain()
    }
}
