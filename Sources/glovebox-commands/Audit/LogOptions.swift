import ArgumentParser

/// Which log, and by whose word it is believed.
struct LogOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A log's directory, a state directory, or a URL.", valueName: "DIR|URL"))
    var log: String

    @OptionGroup var trustOptions: TrustOptions
}
