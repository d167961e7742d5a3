import ArgumentParser
import Dispatch
import Glibc

/// Where the program of all commands starts.
@main enum Entry {
    static func main() {
        Task {
            await Glovebox.main()
            exit(0)
        }
        dispatchMain()
    }
}
