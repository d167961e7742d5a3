package import ArgumentParser
package import GloveboxCore

/// Options that make a run repeatable.
package struct FixedOptions: ParsableArguments {
    @Flag(
        name: .customLong("deterministic"),
        help: "Fix clocks, random numbers, addresses and processors, so that the same job gives the same bytes."
    )
    package var isOn = false

    @Option(help: "Seed of --deterministic.")
    package var seed: UInt64 = 0

    @Option(help: ArgumentHelp("What the clock shows at the start, with --deterministic.", valueName: "TIME"))
    package var clock: ClockTime = ClockTime.usual

    package init() {}

    package func validate() throws {
        guard isOn || seed == 0 && clock.time == ClockTime.usual.time else {
            throw ValidationError("--seed and --clock go with --deterministic.")
        }
    }
}

/// A moment on the command line: `2020-01-01T00:00:00Z`.
package struct ClockTime: ExpressibleByArgument {
    /// The moment, of whole seconds.
    package let time: Instant

    /// What a clock shows when nothing else is asked for: the first second of 2020.
    package static let usual = ClockTime(time: Instant(seconds: 1_577_836_800))

    private init(time: Instant) { self.time = time }

    package init?(argument: String) {
        guard let time = Instant(argument), time.milliseconds >= 0, time.milliseconds % 1000 == 0 else { return nil }
        self.time = time
    }

    package var defaultValueDescription: String { time.text }
}
