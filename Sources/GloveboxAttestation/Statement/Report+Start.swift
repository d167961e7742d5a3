internal import GloveboxCore

extension Report {
    static let startProfile = "glovebox-start/1"
    private static let notKnownAtStart = ["outcome", "outputs", "usage", "keyRelease", "startStatement"]

    /// The statement that is signed before a data key is asked for: what the report will say, as far as it is known.
    ///
    /// Outcome, outputs, usage, key release and the end of the run are not in it. Source: attestation specification,
    /// section 1.
    package func start() -> [UInt8] {
        var claims = predicate.object ?? JSONObject()
        for name in Self.notKnownAtStart { claims[name] = nil }
        claims["profile"] = .string(Self.startProfile)
        claims["time"] = ["start": .string(time.start.text)]
        return Statement(
            .start,
            subjects: [Subject(name: "manifest.json", digest: manifestDigest)],
            predicate: .object(claims)
        ).bytes
    }

    /// Reads the predicate of a start statement strictly; what only the end of the run shows is taken from its report.
    ///
    /// - Throws: as ``init(predicate:)``; `start.mismatch` for another time of the start.
    init(start predicate: JSONValue, of report: Report) throws(GloveboxError) {
        var fields = try JSONFields(predicate, at: "start")
        try fields.constant("profile", Self.startProfile, code: "schema.version")
        for name in Self.notKnownAtStart where fields.optional(name) != nil {
            throw GloveboxError("schema.unknown-field", "a start statement cannot know \(name)")
        }
        var time = try fields.nested("time")
        guard try time.time("start") == report.time.start else {
            throw GloveboxError("start.mismatch", "the start statement names another start than the report")
        }
        try time.finish()
        var claims = predicate.object ?? JSONObject()
        let later = report.predicate.object ?? JSONObject()
        for name in Self.notKnownAtStart + ["profile", "time"] { claims[name] = later[name] }
        try self.init(predicate: .object(claims))
    }
}
