package import GloveboxCore
internal import GloveboxJobs

/// An error on the wire: `application/problem+json`.
///
/// Source: job-backend section 4.3, RFC 9457.
package struct Problem: APIValue {
    /// The stable code.
    package let code: String
    /// The HTTP status.
    package let status: Int
    /// What happened and why.
    package let detail: String
    /// What the reader can do, or nil.
    package let hint: String?
    /// The id of the request, `req_…`, or nil.
    package let instance: String?

    /// An error as it goes out.
    ///
    /// An error of the site itself shows only the request's id.
    package init(_ error: GloveboxError, instance: String?) {
        self.code = StatusTable.isKnown(error.code) ? error.code : "internal"
        self.status = StatusTable.status(of: error.code)
        self.instance = instance
        let hidden = code == "internal"
        self.detail = hidden ? "the site could not answer" : error.message
        self.hint = hidden ? "Tell the operator the request id." : error.hint
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "problem")
        self.code = try fields.string("code")
        self.status = try fields.count("status")
        self.detail = try fields.string("detail")
        self.hint = try fields.optionalString("hint")
        self.instance = try fields.optionalString("instance")
        for name in ["type", "title", "errors"] { _ = fields.optional(name) }
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([
            ("type", .string("urn:glovebox:problem:" + code)), ("title", .string(StatusTable.title(of: status))),
            ("status", .integer(Int64(status))), ("code", .string(code)), ("detail", .string(detail)),
        ])
        object["hint"] = hint.map { .string($0) }
        object["instance"] = instance.map { .string($0) }
        return .object(object)
    }

    /// The error as the client throws it.
    package var error: GloveboxError { GloveboxError(code, detail, hint: hint) }
}
