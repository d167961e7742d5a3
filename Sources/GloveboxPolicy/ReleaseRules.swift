package import GloveboxCore

/// How many bits may leave.
///
/// Source: release policy section 7.3.
package struct CapacityRules: DocumentSection {
    package let maxBitsPerRelease: Int64
    package let maxBitsPerProject: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        maxBitsPerRelease = try fields.integer("max_bits_per_release", 1...1_000_000_000, default: 8192)
        maxBitsPerProject = try fields.integer("max_bits_per_project", 1...1_000_000_000, default: 65536)
    }
}

/// How much a job without private data may leave.
package struct VerbatimRules: DocumentSection {
    /// Greatest number of files.
    package let maxFiles: Int64
    /// Greatest length of each file.
    package let maxBytes: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        maxFiles = try fields.integer("max_files", 1...100_000, default: 1000)
        maxBytes = try fields.integer("max_bytes", 1...1_073_741_824, default: 16_777_216)
    }
}

/// What the researcher can see beside the files.
///
/// Source: release policy section 7.2.
package struct ChannelRules: DocumentSection {
    private enum ExitCode: String, DocumentWord { case successOnly = "success-only" }
    private enum Logs: String, DocumentWord { case withhold }

    /// Results appear at multiples of this many seconds since midnight UTC.
    package let releaseTick: Int64
    /// The sizes a bundle may have, in bytes, rising.
    package let pad: [Int64]
    /// Greatest number of runs a day.
    package let maxRunsPerDay: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        _ = try fields.choice("exit_code", default: .successOnly) as ExitCode
        _ = try fields.choice("logs", default: .withhold) as Logs
        releaseTick = try fields.duration("release_tick", default: "15m")
        guard (1...86400).contains(releaseTick), 86400 % releaseTick == 0 else {
            throw fields.wrongValue("release_tick", "must divide a day")
        }
        pad = try fields.integers("pad", 512...1_073_741_824, default: [4096, 65536, 1_048_576, 16_777_216])
        maxRunsPerDay = try fields.integer("max_runs_per_day", 1...10_000, default: 20)
    }
}

/// Who decides.
///
/// Source: release policy section 13.
package struct DecisionRules: DocumentSection {
    /// When a release needs no person; `never` is the strictest.
    package enum Automatic: String, DocumentWord {
        case whenAllPass = "when-all-pass"
        case withinBudget = "within-budget"
        case never
    }

    private enum Reasons: String, DocumentWord { case coarse }

    package let auto: Automatic
    /// What happens to a release that is not automatic and did not fail.
    package let otherwise: Treatment
    /// Approvals from distinct people.
    package let reviewers: Int64

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        auto = try fields.choice("auto", default: .never)
        otherwise = try fields.choice("otherwise", default: .review)
        reviewers = try fields.integer("reviewers", 1...16, default: 2)
        _ = try fields.choice("reasons_to_researcher", default: .coarse) as Reasons
    }
}
