import GloveboxLinux
import TestSupport
import Testing

/// Starts in a row, with something killed in most of them; `GLOVEBOX_SOAK` says how many.
///
/// Each runs in a process of its own, which sees all that is left and nothing of other tests.
@Suite(.serialized) struct SoakTests {
    /// Judges what a soak printed.
    private func check(_ output: [UInt8]) {
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        let left = lines.filter { !$0.hasPrefix("#") }
        #expect(left.isEmpty, "\(left.joined(separator: "\n"))")
        let summary = lines.filter { $0.hasPrefix("#") }
        #expect(!summary.isEmpty)
        if TestPrograms.variable("GLOVEBOX_SOAK") != nil { print(summary.joined(separator: "\n")) }
    }

    @Test func `programs, launchers and first processes killed at random moments leave nothing`() async throws {
        let ended = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
            Soak.tell(Soak.killPrograms)
        }
        check(ended.standardOutputContent)
    }

    @Test func `a supervisor whose launchers are killed keeps no process, group, mount or descriptor`() async throws {
        let ended = try await #require(processExitsWith: .success, observing: [\.standardOutputContent]) {
            Soak.tell(Soak.killLaunchers)
        }
        check(ended.standardOutputContent)
    }
}
