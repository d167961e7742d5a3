package import GloveboxCore
internal import GloveboxJobs

/// `POST /site/pause` and `/site/resume`.
package struct SiteStateRequest: APIValue {
    /// Why, in words; it stands in the log.
    package let reason: String

    /// Asks for a change of the site's state.
    package init(reason: String) { self.reason = reason }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "site")
        self.reason = try fields.text("reason", atMost: 1024)
        try fields.finish()
        guard !reason.isEmpty else { throw GloveboxError("request.invalid", "a reason is needed") }
    }

    package var json: JSONValue { ["reason": .string(reason)] }
}

/// Whether the site starts and releases anything.
package struct SiteState: APIValue {
    /// True while every start and release is stopped.
    package let paused: Bool

    /// Describes the site.
    package init(paused: Bool) { self.paused = paused }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "site")
        let state = try fields.string("state")
        guard state == "open" || state == "paused" else {
            throw GloveboxError("schema.type", "state must be open or paused")
        }
        self.paused = state == "paused"
        try fields.finish()
    }

    package var json: JSONValue { ["state": .string(paused ? "paused" : "open")] }
}

/// Answer to `GET /healthz`: the process is alive, and what weakens it.
package struct Health: APIValue {
    /// The site's name.
    package let site: String
    /// The program's version.
    package let version: String
    /// Open or paused.
    package let state: SiteState
    /// The root of trust, such as `emulated`.
    package let assurance: String
    /// Safety switches that are off.
    package let insecure: [String]

    /// Describes a running site.
    package init(site: String, version: String, state: SiteState, assurance: String, insecure: [String]) {
        self.site = site
        self.version = version
        self.state = state
        self.assurance = assurance
        self.insecure = insecure
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "health")
        self.site = try fields.string("site")
        self.version = try fields.string("version")
        self.state = try SiteState(json: ["state": try fields.required("state")])
        self.assurance = try fields.string("assurance")
        self.insecure = try fields.strings("insecure")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "site": .string(site), "version": .string(version), "state": .string(state.paused ? "paused" : "open"),
            "assurance": .string(assurance), "insecure": .array(insecure.map { .string($0) }),
        ]
    }
}
