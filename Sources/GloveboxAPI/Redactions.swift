package import GloveboxCore
internal import GloveboxJobs

/// `POST /redactions`: erase the private body of a log entry; two accounts must ask for the same.
package struct RedactionRequest: APIValue {
    /// The entry's index.
    package let entry: UInt64
    /// The legal ground, a code of lower-case letters, digits, dots and dashes; it stands in the log.
    package let reason: String

    /// Asks for an erasure.
    package init(entry: UInt64, reason: String) {
        self.entry = entry
        self.reason = reason
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "redaction")
        entry = UInt64(try fields.count("entry"))
        reason = try fields.text("reason", atMost: 64)
        try fields.finish()
        guard Identifier.isName(reason) else {
            throw GloveboxError("request.invalid", "a reason is a code of lower-case letters, digits, dots and dashes")
        }
    }

    package var json: JSONValue { ["entry": .integer(Int64(clamping: entry)), "reason": .string(reason)] }
}

/// Answer to `POST /redactions`.
package struct RedactionState: APIValue {
    /// The entry's index.
    package let entry: UInt64
    /// Who is needed and who has asked; the body is gone when both numbers are equal.
    package let quorum: QuorumInfo

    /// Describes a redaction.
    package init(entry: UInt64, quorum: QuorumInfo) {
        self.entry = entry
        self.quorum = quorum
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "redaction")
        entry = UInt64(try fields.count("entry"))
        quorum = try QuorumInfo(json: try fields.required("quorum"))
        try fields.finish()
    }

    package var json: JSONValue { ["entry": .integer(Int64(clamping: entry)), "quorum": quorum.json] }
}
