import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd keys init`: a root whose key is kept off the site.
struct KeysInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a root to be kept off the site, for 'gloveboxd init --root' or 'keys rotate root'.",
        discussion: """
            Writes root.pem and root.key (mode 0600) to an empty directory, best on a medium that is then taken away. \
            Every other key is made by 'gloveboxd init'.

            EXAMPLE
              glovebox keys init --root /media/root --name hospital-a
            """
    )

    @Option(help: ArgumentHelp("An empty or missing directory.", valueName: "DIR"))
    var root: String

    @Option(help: "Name of the site.")
    var name: String

    @OptionGroup var report: ReportOptions

    func validate() throws {
        guard Identifier.isName(name) else {
            throw ValidationError("--name takes lower-case letters, digits, dots and dashes.")
        }
    }

    func run() throws {
        try report.report { () throws(GloveboxError) in
            let directory = StateOption.absolute(root)
            let key = try OfflineRoot.make(in: directory, site: name)
            report.result(
                ["root": .string(directory), "key": .string(key.hex)],
                ["root    \(directory)", "key     \(key.hex)", "next    gloveboxd init --root \(directory) …"]
            )
        }
    }
}
