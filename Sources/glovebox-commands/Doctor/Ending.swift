import ArgumentParser
import Glibc
import GloveboxLinux
import GloveboxLocalCommands

/// Ways for a probe to end.
enum Ending: String {
    /// Sleeps for most of a second.
    case sleep
    /// Leaves with the status that a shell shows for a kill.
    case status137 = "status-137"
    /// Is killed by a signal.
    case killed
    /// Leaves a child behind in a session of its own, and says its process id.
    case daemon

    func run() throws {
        switch self {
        case .sleep: usleep(900_000)
        case .status137: throw ArgumentParser.ExitCode(137)
        case .killed: kill(getpid(), SIGKILL)
        case .daemon: JailReportText.write("\(Self.daemon())\n", to: 1)
        }
    }

    /// The child holds every descriptor of this process, sleeps for three seconds and leaves.
    private static func daemon() -> Int {
        guard let setsid = SeccompFilter.number(of: "setsid"), let poll = SeccompFilter.number(of: "poll") else {
            return 0
        }
        return SystemCall.child(numbers: [setsid, poll], 0, 0, 3000)
    }
}
