package import ArgumentParser
internal import Glibc
package import GloveboxCore

/// What a command says when it fails.
package enum CommandFailure {
    /// The status of a command line that cannot be understood.
    ///
    /// Source: job-backend section 5.
    package static let usage: Int32 = 2

    /// One line on stderr; for readers of JSON an object on stdout, too.
    package static func tell(_ error: GloveboxError, json: Bool) {
        if json {
            var members: [(String, JSONValue)] = [("code", .string(error.code)), ("message", .string(error.message))]
            if let hint = error.hint { members.append(("hint", .string(hint))) }
            let object = JSONValue.object(JSONObject([("error", .object(JSONObject(members)))]))
            JailReportText.write(CanonicalJSON.encode(object) + [10], to: 1)
        }
        JailReportText.write("glovebox: \(error)\n", to: 2)
    }

    /// Ends the process as what a command threw says: with the help that was asked for, the status that the command chose, or the
    /// status of a command line that cannot be understood.
    package static func leave<Command: ParsableCommand>(
        _ command: Command.Type,
        _ error: any Error,
        usage: Int32 = Self.usage
    ) -> Never {
        guard Command.exitCode(for: error) == .validationFailure else { Command.exit(withError: error) }
        JailReportText.write(Command.fullMessage(for: error) + "\n", to: 2)
        exit(usage)
    }
}

extension AsyncParsableCommand {
    /// Runs the command that the process was given, and ends the process.
    package static func runToEnd() async -> Never {
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch { CommandFailure.leave(Self.self, error) }
        Glibc.exit(0)
    }
}
