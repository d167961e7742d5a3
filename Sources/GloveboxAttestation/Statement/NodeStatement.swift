package import GloveboxCore

/// What a node signs of one jail that it built and ran.
///
/// Of how the run ended and what it left it holds a salted commitment alone: the statement is shown to whoever sees the
/// report, and those are told less. Source: job backend specification, section 7.4.
package struct NodeStatement: Sendable, Equatable {
    /// Payload type of its envelope.
    package static let type = "application/vnd.glovebox.node+json"
    private static let profile = "glovebox-node/1"

    /// The job.
    package let job: String
    /// Its run, from 1.
    package let run: UInt64
    /// The plan.
    package let plan: Digest
    /// SHA-256 of the site's order.
    package let order: Digest
    /// SHA-256 of the program that built the jail.
    package let launcher: Digest
    /// What protected the jail, as the node's kernel has it: `{"inForce", "weaker"}`.
    package let protections: JSONValue
    /// The commitment to how the run ended and what it left.
    package let result: Digest

    /// States what was run.
    package init(
        job: String,
        run: UInt64,
        plan: Digest,
        order: Digest,
        launcher: Digest,
        protections: JSONValue,
        result: Digest
    ) {
        (self.job, self.run, self.plan, self.order) = (job, run, plan, order)
        (self.launcher, self.protections, self.result) = (launcher, protections, result)
    }

    /// Reads the signed bytes strictly.
    ///
    /// - Throws: codes of the strict reader; `schema.version` for another profile.
    package init(parsing payload: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.readCanonical(payload), at: "node")
        try fields.constant("profile", Self.profile, code: "schema.version")
        self.init(
            job: try fields.string("job"),
            run: try fields.decimal("run"),
            plan: try fields.digest("plan"),
            order: try fields.digest("order"),
            launcher: try fields.digest("launcher"),
            protections: try fields.required("protections"),
            result: try fields.digest("result")
        )
        try fields.finish()
    }

    /// The signed bytes, canonical JSON.
    package var payload: [UInt8] {
        CanonicalJSON.encode([
            "profile": .string(Self.profile), "job": .string(job), "run": .decimal(run), "plan": plan.json,
            "order": order.json, "launcher": launcher.json, "protections": protections, "result": result.json,
        ])
    }
}
