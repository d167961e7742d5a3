import Glibc
internal import GloveboxLinux

/// A web server in Python over a directory, on a port of its choice: Python's own, or a script that talks like it.
package struct WebServer {
    private let process: RunningProgram
    private let output: Descriptor
    /// Where it answers.
    package let url: String

    /// Starts it, and returns when it listens.
    package init(_ directory: String, script: String? = nil) throws {
        let own = ["-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", directory]
        let arguments = ["-u"] + (script.map { [$0, directory] } ?? own)
        // It tells of each request on stderr, and would wait when nobody reads that.
        let started = try LaunchedProcess.startPiped(
            "/usr/bin/python3",
            arguments: ["python3"] + arguments,
            environment: ["LANG=C.UTF-8"],
            error: Descriptor.open("/dev/null", O_WRONLY)
        )
        (process, output) = (RunningProgram(started.process), started.output)
        var said = ""
        while !said.contains("port ") || !said.contains(" (") {
            let more = try output.read(upTo: 4096)
            if more.isEmpty { throw SyscallError("python3 -m http.server", EPIPE) }
            said += String(decoding: more, as: UTF8.self)
        }
        let port = said.split(separator: " ").drop { $0 != "port" }.dropFirst().first ?? ""
        url = "http://127.0.0.1:\(port)"
    }

    /// Ends it.
    package func stop() {
        process.kill()
        do { _ = try process.wait() } catch {}
    }
}
