import ArgumentParser
import GloveboxAPI
import GloveboxCore

/// How the commands of an auditor end: 0 verified, 1 refused, 2 usage or unreadable input.
enum AuditStatus {
    /// Runs a command; false is a refusal, an error is input that could not be judged.
    static func report(_ terminal: Terminal, _ body: () async throws(GloveboxError) -> Bool) async throws {
        let isVerified: Bool
        do throws(GloveboxError) { isVerified = try await body() } catch {
            return try Failure.leave(error, .usage, terminal)
        }
        if !isVerified { throw ArgumentParser.ExitCode(1) }
    }

    /// Tells a refusal in one line or one object.
    static func refuse(_ error: GloveboxError, _ terminal: Terminal) -> Bool {
        terminal.result(
            ["verdict": "refused", "reason": .string(error.code), "detail": .string(error.message)],
            ["REFUSED \(error.code): \(error.message)"]
        )
        return false
    }
}
