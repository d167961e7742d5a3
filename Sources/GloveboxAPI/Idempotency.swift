package import GloveboxCore

/// What a request with an `Idempotency-Key` leaves in the log with the job it makes.
package struct Idempotency: Sendable, Hashable {
    /// Account, route and key as one digest.
    package let name: String
    /// SHA-256 of the request's body.
    package let body: Digest

    /// Names a request.
    package init(name: String, body: Digest) {
        self.name = name
        self.body = body
    }

    /// Reads what ``json`` writes.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "idempotency")
        name = try fields.string("name")
        body = try fields.digest("body")
        try fields.finish()
    }

    /// As it stands in the private body of a job's event.
    package var json: JSONValue { ["name": .string(name), "body": body.json] }

    /// The error for one key with two bodies.
    package static let reused = GloveboxError(
        "idempotency.reused",
        "this Idempotency-Key came with another body before",
        hint: "Take a new key for a new request."
    )
}
