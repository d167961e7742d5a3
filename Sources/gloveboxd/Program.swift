import ArgumentParser
import Dispatch
import Glibc

/// The entry.
///
/// Broker and signer give up root and must be alone to do it for good: each runs on the first thread before any other is
/// there. An asynchronous entry would have left that thread behind, as root.
@main enum Program {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let companions: [any ParsableCommand.Type] = [BrokerCommand.self, SignerCommand.self]
        for companion in companions where companion.configuration.commandName == arguments.first {
            companion.main(Array(arguments.dropFirst()))
            return
        }
        Task {
            await Gloveboxd.main()
            exit(0)
        }
        dispatchMain()
    }
}
