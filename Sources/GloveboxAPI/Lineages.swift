package import GloveboxCore
internal import GloveboxJobs

/// `GET` and `POST /datasets/{name}/lineage`: with whom a dataset shares its ledger and history, and who asked that it no longer does.
package struct LineageInfo: APIValue {
    /// The dataset.
    package let dataset: String
    /// Commitment of its version.
    package let commitment: Digest
    /// The lineage.
    package let lineage: String
    /// The other datasets of the lineage, sorted.
    package let others: [String]
    /// Why a split was asked for; nil when none is.
    package let reason: String?
    /// Owners needed for a split, and how many have signed; both are equal in the answer to the one that made it happen.
    package let quorum: QuorumInfo

    /// Describes a lineage.
    package init(
        dataset: String,
        commitment: Digest,
        lineage: String,
        others: [String],
        reason: String?,
        quorum: QuorumInfo
    ) {
        (self.dataset, self.commitment, self.lineage) = (dataset, commitment, lineage)
        (self.others, self.reason, self.quorum) = (others, reason, quorum)
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "lineage")
        dataset = try fields.string("dataset")
        commitment = try fields.namedDigest("commitment")
        lineage = try fields.string("lineage")
        others = try fields.strings("others")
        reason = try fields.optionalString("reason")
        quorum = try QuorumInfo(json: try fields.required("quorum"))
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([
            ("dataset", .string(dataset)), ("commitment", .string(commitment.named)), ("lineage", .string(lineage)),
            ("others", .array(others.map { .string($0) })), ("quorum", quorum.json),
        ])
        object["reason"] = reason.map { .string($0) }
        return .object(object)
    }
}

/// `POST /datasets/{name}/lineage`: an owner's signed word that the dataset shall leave its lineage; two owners must say the same.
package struct LineageSplitRequest: APIValue {
    /// The signed statement, JSON text.
    package let envelope: String

    /// Hands in a signed statement.
    package init(envelope: String) { self.envelope = envelope }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "split")
        envelope = try fields.text("envelope", atMost: documentLimit)
        try fields.finish()
    }

    package var json: JSONValue { ["envelope": .string(envelope)] }
}
