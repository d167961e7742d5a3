import Glibc
import GloveboxCore
import GloveboxLocalCommands

/// The daemon's program, which has commands of its own.
enum DaemonProgram {
    /// Becomes it.
    ///
    /// - Throws: `input.io` when it cannot be executed.
    static func become(_ arguments: [String]) throws(GloveboxError) -> Never {
        var argv = unsafe ((["gloveboxd"] + arguments).map { unsafe strdup($0) }) + [nil]
        try unsafe Programs.become("gloveboxd", &argv)
    }
}
