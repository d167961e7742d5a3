internal import GloveboxCore
internal import GloveboxDisclosure

/// A table that was refused for its nearness to earlier releases, and for nothing else.
struct NearRefusal: Sendable {
    /// SHA-256 of the owner's copy of the record of the refusal.
    let evidence: Digest
    /// The table's spec.
    let spec: Digest
    /// The releases it is near to, and the fewest units in which it differs from each.
    let near: [String: Int]

    /// Reads what ``details(of:)`` wrote.
    init(json: JSONValue, evidence: Digest) throws(GloveboxError) {
        self.evidence = evidence
        var fields = try JSONFields(json, at: "near")
        spec = try Self.digest(fields.string("spec"))
        var near: [String: Int] = [:]
        for item in try fields.array("releases") {
            var release = try JSONFields(item, at: "release")
            near[try release.string("release")] = Int(clamping: try release.integer("difference"))
            try release.finish()
        }
        try fields.finish()
        self.near = near
    }

    /// A digest that an event has as hexadecimal digits.
    ///
    /// - Throws: `log.journal-corrupt`.
    static func digest(_ text: String) throws(GloveboxError) -> Digest {
        guard let digest = Digest(hex: text) else {
            throw GloveboxError("log.journal-corrupt", "an event about a refusal has no digest where one must be")
        }
        return digest
    }

    /// What the event of the verdict keeps in private, beside the record; nothing for a refusal with other grounds.
    static func details(of outcome: OutputDecision.Outcome) -> [(String, JSONValue)] {
        guard let decision = outcome.decision, decision.isOverridable, let spec = decision.spec else { return [] }
        return [("near", json(spec, decision.comparison.differences))]
    }

    /// As events keep it.
    var json: JSONValue { Self.json(spec, near) }

    private static func json(_ spec: Digest, _ near: [String: Int]) -> JSONValue {
        let releases = near.sorted { $0.key < $1.key }.map { (release, difference) -> JSONValue in
            ["release": .string(release), "difference": .integer(Int64(difference))]
        }
        return ["spec": .string(spec.hex), "releases": .array(releases)]
    }
}
