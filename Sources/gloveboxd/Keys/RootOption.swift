import ArgumentParser

/// `--root`, of commands that may need a root whose key is kept off the site.
struct RootOption: ParsableArguments {
    @Option(
        name: .customLong("root"),
        help: ArgumentHelp("Directory of the root, where its key is kept off the site.", valueName: "DIR")
    )
    var given: String?

    /// The absolute path.
    var path: String? { given.map(StateOption.absolute) }
}
