package import GloveboxCore

/// What a jail holds fixed, so that the same job gives the same bytes.
package struct Deterministic: Sendable, Equatable {
    /// Key of every random number.
    package let seed: UInt64
    /// What the clock shows when a program starts; whole seconds from 1970 on.
    package let clock: Instant

    /// Processors and threads that a program is told of.
    package static let threads: UInt64 = 1

    /// Where the shim lies in the jail.
    static let directory = "/run/glovebox"
    /// The shim's name there.
    static let file = "fixed.so"

    /// Fixes seed and clock.
    ///
    /// - Throws: `jail.deterministic` for a clock before 1970, or one that is not of whole seconds.
    package init(seed: UInt64, clock: Instant) throws(GloveboxError) {
        guard clock.milliseconds >= 0, clock.milliseconds % 1000 == 0 else {
            throw GloveboxError("jail.deterministic", "the clock must show whole seconds from 1970 on, not \(clock)")
        }
        self.seed = seed
        self.clock = clock
    }

    /// Variables that ask common software for repeatable work; a plan carries them.
    package static func variables(seed: UInt64) -> [(name: String, value: String)] {
        let one = String(threads)
        return [
            ("MKL_NUM_THREADS", one), ("OMP_NUM_THREADS", one), ("OPENBLAS_NUM_THREADS", one),
            ("PYTHONHASHSEED", String(seed & 0xffff_ffff)),
        ]
    }

    /// Variables that load the shim and tell it what to do; they follow from seed and clock, so no plan carries them.
    var loading: [(name: String, value: String)] {
        [
            ("LD_PRELOAD", Self.directory + "/" + Self.file), ("GLOVEBOX_CLOCK", String(clock.seconds)),
            ("GLOVEBOX_SEED", String(seed)),
        ]
    }

    /// What still differs between two runs, or between two hosts, by name; `docs/formats.md` says what each means.
    package static let notFixed = [
        "cleared-environments", "file-times", "host-facts", "id-map", "kernel-numbers", "libc-internal",
        "process-counters", "processor-instructions", "processor-model", "random-devices", "static-programs",
        "thread-interleaving", "timers",
    ]

    /// What was held fixed in one run, and by which shim.
    package struct Account: Sendable, Equatable {
        /// What was asked for.
        package let fixed: Deterministic
        /// SHA-256 of the shim as loaded.
        package let shim: Digest

        /// `{"seed", "clock", "threads", "shim", "notFixed"}`; the numbers are decimal strings.
        package var json: JSONValue {
            [
                "seed": .string(String(fixed.seed)), "clock": .string(fixed.clock.text),
                "threads": .string(String(threads)), "shim": .string(shim.hex),
                "notFixed": .array(notFixed.map { .string($0) }),
            ]
        }
    }
}
