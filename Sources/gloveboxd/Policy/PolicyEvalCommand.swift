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
            checked, and every reason is shown. Nothing is charged and nothing is remembered: earlier releases are not \
            compared. Without --dataset the mock twin takes the dataset's place.

            EXAMPLE
              glovebox policy eval --policy aggregate-table --dataset fair.csv --schema fair.dataset.yaml \\
                --input-policy fair.input.yaml --spec table.spec.json --outputs results

            EXIT STATUS
              0 it would leave, or go to review; 1 a file cannot be read; 2 usage; 3 it would be refused.
            """
    )

    @OptionGroup var documents: FilterOptions

    @Option(help: ArgumentHelp("The private file; the mock twin without it.", valueName: "FILE"))
    var dataset: String?

    @Option(help: ArgumentHelp("The table spec of the approved code.", valueName: "FILE"))
    var spec: String

    @Option(help: ArgumentHelp("The directory a job left.", valueName: "DIR"))
    var outputs: String

    @Option(help: ArgumentHelp("Write the files that would leave into this existing directory.", valueName: "DIR"))
    var release: String?

    @OptionGroup var options: ReportOptions

    func run() throws {
        var isRefused = false
        try options.report { () throws(GloveboxError) in
            let filter = try documents.filter(spec: DocumentFile.bytes(spec, limit: 1 << 20))
            let verdict = try filter.judge(directory: outputs, data: dataset)
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
