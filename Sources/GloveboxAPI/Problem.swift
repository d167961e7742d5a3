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

    /// What is wrong with which member of the request.
    package let causes: [GloveboxError.Cause]

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
        self.causes = hidden ? [] : error.causes
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "problem")
        self.code = try fields.string("code")
        self.status = try fields.count("status")
        self.detail = try fields.string("detail")
        self.hint = try fields.optionalString("hint")
        self.instance = try fields.optionalString("instance")
        for name in ["type", "title"] { _ = fields.optional(name) }
        var causes: [GloveboxError.Cause] = []
        for value in fields.optional("errors")?.array ?? [] {
            var cause = try JSONFields(value, at: "errors")
            causes.append(
                GloveboxError.Cause(
                    try cause.string("pointer"),
                    try cause.string("code"),
                    try cause.string("detail")
                )
            )
            try cause.finish()
        }
        self.causes = causes
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([
            ("type", .string("urn:glovebox:problem:" + code)), ("title", .string(StatusTable.title(of: status))),
            ("status", .integer(Int64(status))), ("code", .string(code)), ("detail", .string(detail)),
        ])
        object["hint"] = hint.map { .string($0) }
        if !causes.isEmpty {
            object["errors"] = .array(
                causes.map {
                    ["pointer": .string($0.pointer), "code": .string($0.code), "detail": .string($0.message)]
                }
            )
        }
        object["instance"] = instance.map { .string($0) }
        return .object(object)
    }

    /// The error as the client throws it.
    package var error: GloveboxError { GloveboxError(code, detail, hint: hint, causes: causes) }
}
