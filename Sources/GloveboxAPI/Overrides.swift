package import GloveboxCore
internal import GloveboxJobs

/// `GET` and `POST /jobs/{id}/override`: a table that was refused for its nearness to earlier releases alone, and who lets it leave.
package struct OverrideInfo: APIValue {
    /// A release that the table is too near to.
    package struct Near: APIValue {
        /// The job whose release it was.
        package let release: String
        /// The fewest units in which a set of one differs from a set of the other.
        package let difference: Int

        /// Names a release.
        package init(release: String, difference: Int) { (self.release, self.difference) = (release, difference) }

        package init(json: JSONValue) throws(GloveboxError) {
            var fields = try JSONFields(json, at: "near")
            release = try fields.string("release")
            difference = try fields.count("difference")
            try fields.finish()
        }

        package var json: JSONValue {
            ["release": .string(release), "difference": .integer(Int64(difference))]
        }
    }

    /// The job that was refused.
    package let job: String
    /// SHA-256 of the owner's copy of the record of its refusal, which owners sign.
    package let evidence: Digest
    /// What the checks found, in words.
    package let explanation: String
    /// The releases that it is near to, sorted.
    package let near: [Near]
    /// Why an override was asked for; nil when none is.
    package let reason: String?
    /// Owners needed, and how many have signed; both are equal once the table may leave.
    package let quorum: QuorumInfo

    /// Describes a refusal.
    package init(job: String, evidence: Digest, explanation: String, near: [Near], reason: String?, quorum: QuorumInfo)
    {
        (self.job, self.evidence, self.explanation) = (job, evidence, explanation)
        (self.near, self.reason, self.quorum) = (near, reason, quorum)
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "override")
        job = try fields.string("job")
        evidence = try fields.namedDigest("evidence")
        explanation = try fields.string("explanation")
        near = try fields.values("near")
        reason = try fields.optionalString("reason")
        quorum = try QuorumInfo(json: fields.required("quorum"))
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([
            ("job", .string(job)), ("evidence", .string(evidence.named)), ("explanation", .string(explanation)),
            ("near", .array(near.map(\.json))), ("quorum", quorum.json),
        ])
        object["reason"] = reason.map { .string($0) }
        return .object(object)
    }
}

/// `POST /jobs/{id}/override`: an owner's signed word that a refused table may leave; two owners must say the same.
package struct OverrideRequest: APIValue {
    /// The signed statement, JSON text.
    package let envelope: String

    /// Hands in a signed statement.
    package init(envelope: String) { self.envelope = envelope }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "override")
        envelope = try fields.text("envelope", atMost: documentLimit)
        try fields.finish()
    }

    package var json: JSONValue { ["envelope": .string(envelope)] }
}
