import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd keys rotate`: another key for one use.
struct KeysRotateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give one use a new key, and publish it.",
        discussion: """
            USE is root, platform, sct (certificate time stamps), tsa (time-stamping authority) or links (in-toto links). \
            A new root comes with a new platform CA, and the old root signs that it takes its place. The private half of \
            the old key is destroyed. After links the owner signs the workflow again: glovebox workflow sign. People \
            change their own keys: 'glovebox login' enrols one, 'keys revoke' withdraws the old one.

            EXAMPLES
              glovebox keys rotate platform --state S --root /media/root
              glovebox keys rotate root --state S --root /media/root --new-root /media/root2
            """
    )

    @Argument(help: "root, platform, sct, tsa or links.", transform: Self.use)
    var use: KeyUse

    @OptionGroup var place: StateOption
    @OptionGroup var root: RootOption

    @Option(
        help: ArgumentHelp("Directory of the root that takes over, made by 'keys init'.", valueName: "DIR")
    )
    var newRoot: String?

    @OptionGroup var report: ReportOptions

    static func use(_ text: String) throws -> KeyUse {
        guard let use = KeyUse(rawValue: text) else {
            throw ValidationError("USE is one of \(KeyUse.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return use
    }

    func validate() throws {
        if newRoot != nil, use != .root { throw ValidationError("--new-root goes with root alone.") }
    }

    func run() throws {
        try report.report { () throws(GloveboxError) in
            let ceremony = try KeyCeremony(SiteLayout(root: place.path), rootDirectory: root.path)
            let changes = try ceremony.rotate(use, newRoot: newRoot.map(StateOption.absolute))
            report.result(
                ["changed": .array(changes.map(\.json))],
                changes.map { "\($0.use.rawValue)  \($0.now.hex)  from \($0.from)  before \($0.before.hex)" }
            )
        }
    }
}
