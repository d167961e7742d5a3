internal import Foundation
internal import GloveboxCore
internal import GloveboxLinux

/// One of a scheduler's commands, with the supervisor's environment and no shell.
struct ClusterCommand {
    private static let mostOutput = 4 << 20

    /// Its arguments, the program first.
    let arguments: [String]
    /// Seconds it may take.
    let patience: Int64

    /// Runs it; what it printed.
    ///
    /// - Throws: `cluster.command` when it is not there, fails, says too much, or takes too long.
    func run(input: String = "") throws(GloveboxError) -> String {
        do throws(SyscallError) {
            let (output, errors) = (try Descriptor.memory(name: "output"), try Descriptor.memory(name: "errors"))
            let process = try LaunchedProcess.start(
                "/usr/bin/timeout",  // finds the command on PATH, and ends it with what it started
                arguments: ["timeout", "--kill-after=1", String(patience)] + arguments,
                environment: ProcessInfo.processInfo.environment.map { $0.key + "=" + $0.value },
                descriptors: [try Descriptor.sealed(Array(input.utf8), name: "script"), output, errors]
            )
            let status = try process.wait()
            guard status == 0 else { throw SyscallError(try Self.end(status, errors), 0) }
            return String(decoding: try output.readFromStart(limit: Self.mostOutput), as: UTF8.self)
        } catch {
            throw GloveboxError(
                "cluster.command",
                "the cluster's command '\(Display.escape(arguments.joined(separator: " ")))' "
                    + (error.errno == 0 ? error.call : "cannot be run: \(error)"),
                hint: "It is named under jobs.cluster in gloveboxd.yaml."
            )
        }
    }

    /// How it ended, in words.
    private static func end(_ status: Int32, _ errors: Descriptor) throws(SyscallError) -> String {
        guard status & 0x7f == 0 else { return "was killed" }
        switch status >> 8 {
        case 124, 137: return "took too long"
        case 126, 127: return "is not there, or no program"
        case let code:
            let said = Display.escape(String(decoding: try errors.read(upTo: 200, at: 0), as: UTF8.self))
            return "ended with status \(code)" + (said.isEmpty ? "" : ": \(said)")
        }
    }
}
