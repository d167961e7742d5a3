import ArgumentParser
import GloveboxAPI
import GloveboxCore

/// The command `glovebox logs`.
struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what a run on your data wrote to stdout and stderr.",
        discussion: """
            For the owner of all the run's data, and for auditors; never for who submitted it. That you read it is in the \
            log. Control characters are escaped; --json has the bytes in base64.

            EXAMPLE
              glovebox logs job_…
            """
    )

    @Argument(help: "Job.")
    var job: String

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let text = try await session.client.text(job)
            var lines: [String] = []
            for (number, program) in text.programs.enumerated() {
                let block = text.programs.count > 1 ? "block \(number + 1) " : ""
                lines += Self.lines(block + "stdout", program.out, of: program.outBytes)
                lines += Self.lines(block + "stderr", program.error, of: program.errorBytes)
            }
            session.terminal.result(text.json, lines)
        }
    }

    private static func lines(_ name: String, _ bytes: [UInt8], of total: UInt64) -> [String] {
        let cut = total > UInt64(bytes.count) ? ", the last \(bytes.count)" : ""
        var text = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { "  " + Display.escape(String(decoding: $0, as: UTF8.self)) }
        // Behind the last line feed there is none.
        if bytes.isEmpty || bytes.last == UInt8(ascii: "\n") { text.removeLast() }
        return [Terminal.row(name, "\(total) bytes\(cut)")] + text
    }
}
