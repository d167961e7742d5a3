import ArgumentParser
import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxSupervisor

/// `gloveboxd policy eval`: the release filter on a directory.
struct PolicyEvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Run the whole release filter on a directory, with no jail and no site.",
        discussion: """
            For owners and testers: the files are collected, parsed in the checker's jail, recomputed from the dataset and \
            checked as at a site, and every reason is shown. Nothing is charged and nothing is remembered: budgets are full, \
            and a table is compared with those earlier ones that --earlier tells of, which are counted again. Of a noisy answer it tells what it would cost and how wide the noise is; none \
            is drawn. Without --dataset the mock twin takes the dataset's place.

            A model or made-up rows are held against people whom the job never saw: 'policy view' writes the rows to train \
            on. Of a program over blocks DIR holds one directory for each block, named 1, 2, 3 and so on.

            EXAMPLES
              glovebox policy eval --policy aggregate-table --dataset fair.csv --schema fair.dataset.yaml \\
                --input-policy fair.input.yaml --code code --outputs results
              glovebox policy eval --policy no-private-data --outputs results

            EXIT STATUS
              0 it would leave, or go to review; 1 a file cannot be read; 2 usage; 3 it would be refused.
            """
    )

    @OptionGroup var job: FilteredJob

    @Option(help: ArgumentHelp("The directory a job left.", valueName: "DIR"))
    var outputs: String

    @Option(
        help: ArgumentHelp(
            "A table released before: its spec, or the directory of its code; may be given several times.",
            valueName: "FILE|DIR"
        )
    )
    var earlier: [String] = []

    @Option(
        help: ArgumentHelp(
            "The private file that earlier tables were made of, where it was another version.",
            valueName: "FILE"
        )
    )
    var earlierDataset: String?

    @Option(help: ArgumentHelp("Write the files that would leave into this existing directory.", valueName: "DIR"))
    var release: String?

    @OptionGroup var options: ReportOptions

    func validate() throws {
        guard earlierDataset == nil || (!earlier.isEmpty && job.dataset != nil) else {
            throw ValidationError("--earlier-dataset goes with --earlier and --dataset.")
        }
    }

    func run() throws {
        var isRefused = false
        try options.report { () throws(GloveboxError) in
            let verdict = try job.filter()
                .judge(directory: outputs, earlier: EarlierTables(earlier, dataset: earlierDataset))
            isRefused = verdict.outcome == "refuse"
            for file in verdict.files { try write(file) }
            options.result(verdict.json, verdict.lines)
        }
        if isRefused { throw ExitCode(3) }
    }

    private func write(_ file: FilterVerdict.File) throws(GloveboxError) {
        guard let release else { return }
        do throws(SyscallError) {
            let path = release + "/" + file.name
            try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644).write(file.bytes)
        } catch { throw error.coded("output.write", hint: "--release takes a directory without these files.") }
    }
}
