import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd dataset`: judges dataset files; needs no site.
struct DatasetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dataset",
        abstract: "Check dataset files, without a site.",
        subcommands: [Check.self]
    )

    /// `dataset check`.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check every value against the schema, and report how rows hide among each other.",
            discussion: """
                Up to a hundred wrong values are listed by row, line and column, never the value. For a file that fits: \
                k-anonymity over the quasi-identifiers, and for each sensitive column l-diversity and t-closeness. They \
                inform the owner; no release depends on them.

                EXAMPLES
                  glovebox dataset check fair.csv --schema fair.dataset.yaml
                  glovebox dataset check trial.csv --schema trial.dataset.yaml --quasi age,gender,race --json

                EXIT STATUS
                  0 the file fits; 1 it does not, or cannot be read; 2 usage.
                """
        )

        @Argument(help: ArgumentHelp("The private file.", valueName: "FILE"))
        var file: String

        @Option(help: ArgumentHelp("Columns, bounds, codes, privacy unit.", valueName: "FILE"))
        var schema: String

        @Option(
            help: ArgumentHelp(
                "Quasi-identifiers, with commas (default: all that are not sensitive).",
                valueName: "COLUMNS"
            )
        )
        var quasi: String = ""

        @OptionGroup var options: ReportOptions

        func run() throws {
            var isValid = false
            try options.report { () throws(GloveboxError) in
                let review = try DatasetReview(
                    path: file,
                    schema: DocumentFile(schema).value,
                    quasi: quasi.split(separator: ",").map(String.init)
                )
                isValid = review.isValid
                options.result(review.json, review.lines)
            }
            if !isValid { throw ExitCode(1) }
        }
    }
}
