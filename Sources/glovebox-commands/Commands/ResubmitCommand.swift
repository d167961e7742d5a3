import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxJobs

/// The command `glovebox resubmit`.
struct ResubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resubmit",
        abstract: "Answer reviewers who sent a release back, and have them decide anew.",
        discussion: """
            'glovebox status' shows what they wrote. Everyone who is asked speaks once more, about the files that are left and \
            your answer; it stands in the disclosure record. Nothing runs again, and a file that you leave out cannot come back. \
            To take the whole release back: 'glovebox cancel'.

            EXAMPLES
              glovebox resubmit job_… -m 'all wards with more than 50 beds'
              glovebox resubmit job_… -m 'without the plot' --drop figure.png --about table.csv='counts of stays'
            """
    )

    @Argument(help: "Job.")
    var job: String

    @Option(name: [.customShort("m"), .customLong("message")], help: "Your answer.")
    var message: String

    @Option(help: ArgumentHelp("What a file is; may be given several times.", valueName: "FILE=TEXT"))
    var about: [String] = []

    @Option(help: ArgumentHelp("A file to leave out; may be given several times.", valueName: "FILE"))
    var drop: [String] = []

    @OptionGroup var site: SiteOptions

    func validate() throws {
        guard !message.isEmpty else { throw ValidationError("The reviewers want an answer: -m.") }
        guard about.allSatisfy({ $0.contains("=") }) else { throw ValidationError("--about takes FILE=TEXT.") }
    }

    func run() async throws {
        let notes = about.map { note in
            let parts = note.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return ReleaseAnswer.Note(path: String(parts[0]), text: String(parts[1]))
        }
        try await Session.run(site) { session in
            let answer = ReleaseAnswer(message: message, notes: notes, drop: drop)
            let info = try await session.client.answer(job, answer)
            session.terminal.result(info.json, [Terminal.row("phase", info.phase.words)] + AnswerText.lines(answer))
        }
    }
}

/// The rounds of a review, for people.
enum AnswerText {
    /// What was asked, without names, and what was answered.
    static func lines(_ round: ReviewRound) -> [String] {
        round.comments.map { Terminal.row("asked", Display.escape($0)) } + lines(round.answer)
    }

    /// What was answered.
    static func lines(_ answer: ReleaseAnswer?) -> [String] {
        guard let answer else { return [] }
        return [Terminal.row("answer", Display.escape(answer.message))]
            + answer.notes.map { Terminal.row("about", Display.escape("\($0.path): \($0.text)")) }
            + answer.drop.map { Terminal.row("left out", Display.escape($0)) }
    }
}
