import ArgumentParser
import Glibc
import GloveboxCore

/// `--state`, which every command takes.
struct StateOption: ParsableArguments {
    @Option(name: .customLong("state"), help: ArgumentHelp("State directory.", valueName: "DIR"))
    var given: String = "/var/lib/glovebox"

    /// The absolute path.
    var path: String { Self.absolute(given) }

    /// A path from the current directory, made absolute.
    static func absolute(_ given: String) -> String {
        if given.hasPrefix("/") { return given }
        guard let current = unsafe getcwd(nil, 0) else { return given }
        defer { unsafe free(current) }
        return unsafe String(cString: current) + "/" + given
    }
}

/// How the daemon's commands fail: one line, exit status 1.
enum Failure {
    static func report(_ body: () throws(GloveboxError) -> Void) throws {
        do { try body() } catch {
            let line = Array("gloveboxd: \(error)\n".utf8)
            _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
            throw ExitCode(1)
        }
    }
}
