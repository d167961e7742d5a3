import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd keys sign`: the signature of a root that is kept off the site.
struct KeysSignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Have the root sign the trust files for the keys and programs there are.",
        discussion: """
            A site without the root's key cannot publish keys that people enrol, or the programs of an upgrade; \
            'keys list' says when something waits. Reports that rest on them are refused until the root has signed.

            EXAMPLE
              glovebox keys sign --state S --root /media/root
            """
    )

    @OptionGroup var place: StateOption
    @OptionGroup var root: RootOption
    @OptionGroup var report: ReportOptions

    func run() throws {
        try report.report { () throws(GloveboxError) in
            let version = try KeyCeremony(SiteLayout(root: place.path), rootDirectory: root.path).sign()
            report.result(["trustPolicy": ["version": .string(String(version))]], ["trust policy \(version)"])
        }
    }
}
