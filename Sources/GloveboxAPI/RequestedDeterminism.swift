package import GloveboxCore
internal import GloveboxJobs

/// What a plan asks to be held fixed, so that its run can be repeated.
package struct RequestedDeterminism: APIValue {
    /// Seed of every random number.
    package let seed: UInt64
    /// What the clock shows at the start, in whole seconds.
    package let clock: Instant

    /// Asks for seed and clock.
    package init(seed: UInt64, clock: Instant) {
        self.seed = seed
        self.clock = clock
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "deterministic")
        self.seed = try fields.decimal("seed")
        let text = try fields.string("clock")
        guard let clock = Instant(text), clock.text.utf8.elementsEqual(text.utf8), clock.milliseconds >= 0 else {
            throw GloveboxError("schema.type", "clock must be a UTC time of whole seconds from 1970 on")
        }
        self.clock = clock
        try fields.finish()
    }

    package var json: JSONValue { ["seed": .string(String(seed)), "clock": .string(clock.text)] }
}
