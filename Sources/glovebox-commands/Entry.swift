import Dispatch
import GloveboxLocalCommands

/// Where the program of all commands starts.
@main enum Entry {
    static func main() {
        Task { await Glovebox.runToEnd() }
        dispatchMain()
    }
}
