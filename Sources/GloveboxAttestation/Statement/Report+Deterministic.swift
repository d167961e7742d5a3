package import GloveboxCore

extension Report {
    /// What was held fixed in a run that can be repeated, and what was not.
    package struct Deterministic: Sendable, Wire {
        /// Seed, clock and threads as they were set.
        package var fixed: Manifest.Deterministic
        /// SHA-256 of the library that was loaded into the job's programs.
        package var shim: Digest
        /// What may differ between two runs all the same, by name.
        package var notFixed: [String]

        /// Describes what was fixed.
        package init(fixed: Manifest.Deterministic, shim: Digest, notFixed: [String]) {
            self.fixed = fixed
            self.shim = shim
            self.notFixed = notFixed
        }

        var json: JSONValue {
            .members([
                ("seed", .decimal(fixed.seed)), ("clock", .string(fixed.clock.text)),
                ("threads", .decimal(fixed.threads)), ("shim", shim.json), ("notFixed", .strings(notFixed)),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.fixed = try Manifest.Deterministic(reading: &fields)
            self.shim = try fields.digest("shim")
            self.notFixed = try fields.strings("notFixed")
        }
    }
}
