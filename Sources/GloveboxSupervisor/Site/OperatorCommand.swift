internal import Foundation
internal import GloveboxCore
internal import GloveboxLinux

/// A command that the operator named in the settings, with the supervisor's environment and no shell.
struct OperatorCommand {
    /// What commands are for; each has its code and its place in the settings.
    enum Purpose {
        case cluster
        case notices

        fileprivate var words: (code: String, what: String, setting: String) {
            switch self {
            case .cluster: ("cluster.command", "the cluster's command", "jobs.cluster")
            case .notices: ("notify.command", "the command that tells people", "webhooks.notify_cmd")
            }
        }
    }

    private static let mostOutput = 4 << 20

    let purpose: Purpose
    /// Its arguments, the program first.
    let arguments: [String]
    /// Seconds it may take.
    let patience: Int64

    /// Runs it; what it printed.
    ///
    /// - Throws: the code of its purpose, `cluster.command` or `notify.command`, when it is not there, fails, says too much, or takes too long.
    func run(input: String = "") throws(GloveboxError) -> String {
        do throws(SyscallError) {
            let (output, errors) = (try Descriptor.memory(name: "output"), try Descriptor.memory(name: "errors"))
            let process = try LaunchedProcess.start(
                "/usr/bin/timeout",  // finds the command on PATH, and ends it with what it started
                arguments: ["timeout", "--kill-after=1", String(patience)] + arguments,
                environment: ProcessInfo.processInfo.environment.map { $0.key + "=" + $0.value },
                descriptors: [try Descriptor.sealed(Array(input.utf8), name: "input"), output, errors]
            )
            let status = try process.wait()
            guard status == 0 else { throw SyscallError(try Self.end(status, errors), 0) }
            return String(decoding: try output.readFromStart(limit: Self.mostOutput), as: UTF8.self)
        } catch {
            let (code, what, setting) = purpose.words
            throw GloveboxError(
                code,
                "\(what) '\(Display.escape(arguments.joined(separator: " ")))' "
                    + (error.errno == 0 ? error.call : "cannot be run: \(error)"),
                hint: "It is named under \(setting) in gloveboxd.yaml."
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
