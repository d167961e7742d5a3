import ArgumentParser
import Dispatch
import Glibc
import GloveboxLocalCommands

/// The entry.
///
/// Broker and signer give up root and must be alone to do it for good: each runs on the first thread before any other is
/// there. An asynchronous entry would have left that thread behind, as root. So does a worker, whose jails end with the
/// thread that started them.
@main enum Program {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let companions: [any ParsableCommand.Type] = [BrokerCommand.self, SignerCommand.self, WorkerCommand.self]
        for companion in companions where companion.configuration.commandName == arguments.first {
            do {
                var command = try companion.parseAsRoot(Array(arguments.dropFirst()))
                try command.run()
            } catch { CommandFailure.leave(companion, error) }
            return
        }
        Task { await Gloveboxd.runToEnd() }
        dispatchMain()
    }
}
