package import GloveboxCore

/// What was decided when the site was founded.
package struct SiteConfiguration: Sendable {
    /// Name of the site.
    package var name: String
    /// Bare host name that names the log.
    package var origin: String
    /// Approvals a plan needs.
    package var planQuorum: Int
    /// When the site was founded.
    package var founded: Instant

    /// A configuration.
    package init(name: String, origin: String, planQuorum: Int, founded: Instant) {
        self.name = name
        self.origin = origin
        self.planQuorum = planQuorum
        self.founded = founded
    }

    /// Reads `site.json`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.read(bytes), at: "site")
        name = try fields.string("name")
        origin = try fields.string("origin")
        let quorum = try fields.integer("planQuorum")
        guard let founded = Instant(try fields.string("founded")), (1...16).contains(quorum) else {
            throw GloveboxError("config.invalid", "site.json has a value out of range")
        }
        planQuorum = Int(quorum)
        self.founded = founded
        try fields.finish()
    }

    /// The bytes of `site.json`.
    package var bytes: [UInt8] {
        CanonicalJSON.encode([
            "name": .string(name), "origin": .string(origin), "planQuorum": .integer(Int64(planQuorum)),
            "founded": .string(founded.text),
        ])
    }

    /// URI of the attester in certificates.
    package var attester: String { "https://\(origin)/glovebox/attester" }

    /// Issuer named in certificates.
    package var issuer: String { "https://\(origin)" }
}
