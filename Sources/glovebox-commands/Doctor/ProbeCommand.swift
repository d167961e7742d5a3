import ArgumentParser
import Glibc
import GloveboxLocalCommands

/// What `glovebox doctor` runs of itself, in a jail and outside; it attacks whatever it stands in.
struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Attack the jail this stands in; glovebox doctor runs it.",
        shouldDisplay: false
    )

    @Argument(help: "The attacks, or the name of one limit.")
    var name: String

    @Argument(help: "Process of the host.")
    var process: Int = 0

    @Argument(help: "Directory to write in.")
    var scratch: String = "/tmp"

    @Argument(help: "Abstract socket of the host.")
    var socket: String = ""

    func run() throws {
        if name == "attacks" {
            let target = ProbeTarget(process: process, scratch: scratch, socket: socket)
            for attack in Attack.all {
                let result = attack.attempt(target)
                let state = attack.isStopped(result) ? "blocked" : "open"
                JailReportText.write("\(attack.name) \(state) \(result)\n", to: 1)
            }
        } else if let flood = Flood(rawValue: name) {
            let (count, error) = flood.run(in: scratch)
            JailReportText.write("\(count) \(error)\n", to: flood == .stream ? 2 : 1)
            _exit(0)  // a runtime that wants one more thread to end would wait for it
        } else if let ending = Ending(rawValue: name) {
            try ending.run()
        } else {
            throw ValidationError("There is no probe of that name.")
        }
    }
}
