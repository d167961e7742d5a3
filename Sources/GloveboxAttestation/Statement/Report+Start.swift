internal import GloveboxCore

extension Report {
    static let startProfile = "glovebox-start/1"

    /// The statement that is signed before a data key is asked for: what the report will say, as far as it is known.
    ///
    /// Outcome, outputs, usage, key release and the end of the run are not in it. Source: attestation specification,
    /// section 1.
    package func start() -> [UInt8] {
        var claims = predicate.object ?? JSONObject()
        for name in ["outcome", "outputs", "privacy", "usage", "keyRelease", "startStatement"] { claims[name] = nil }
        claims["profile"] = .string(Self.startProfile)
        claims["time"] = ["start": .string(time.start.text)]
        return Statement(
            .start,
            subjects: [Subject(name: "manifest.json", digest: manifestDigest)],
            predicate: .object(claims)
        ).bytes
    }
}
