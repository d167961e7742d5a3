import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd policy view`: the rows that a job is shown.
struct PolicyViewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "view",
        abstract: "Write what a job under a policy is shown of a dataset.",
        discussion: """
            For owners and testers: the columns and rows that the input policy lets through, in another order, as \
            DIR/NAME.csv; the header alone for a query; without the people whom the policy withholds; and for a program over \
            blocks DIR/1/NAME.csv and so on. What is made of these rows is what 'policy eval' judges: both withhold the same \
            people. Without --dataset it is the mock twin. A site draws anew for each run.

            EXAMPLE
              glovebox policy view --policy ml-model --dataset breast.csv --schema breast.dataset.yaml \\
                --input-policy breast.input.yaml --code code --out shown

            EXIT STATUS
              0 written; 1 a file cannot be read or written; 2 usage; 3 no job under these documents could run.
            """
    )

    @OptionGroup var job: FilteredJob

    @Option(help: ArgumentHelp("An existing directory to write to.", valueName: "DIR"))
    var out: String

    @OptionGroup var options: ReportOptions

    func run() throws {
        try options.report { () throws(GloveboxError) in
            try job.filter().show(in: out)
            options.result(["written": .string(out)], ["written     \(out)"])
        }
    }
}
