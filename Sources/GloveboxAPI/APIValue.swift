package import GloveboxCore
internal import GloveboxJobs

/// A value of the API: one strict reading of JSON, one way to write it.
package protocol APIValue: Sendable, Hashable {
    /// Reads the value; an unknown, missing or mistyped member is refused.
    init(json: JSONValue) throws(GloveboxError)
    /// The value as JSON.
    var json: JSONValue { get }
}

extension APIValue {
    /// Reads the value from bytes.
    ///
    /// - Throws: what the strict JSON reader and the type's own reading throw.
    package init(encoded bytes: [UInt8]) throws(GloveboxError) {
        // Receipts carry files in base64.
        var limits = JSONReader.Limits()
        limits.bytes = 268_435_456
        try self.init(json: JSONReader.read(bytes, limits: limits))
    }

    /// The value as canonical JSON.
    package var encoded: [UInt8] { CanonicalJSON.encode(json) }
}

/// A list, oldest first, of the form `{"items":[…],"next":"…"}`.
///
/// Source: job-backend section 4.1.
package struct ItemList<Item: APIValue>: APIValue {
    /// The items of this page.
    package let items: [Item]
    /// The cursor of the next page; nil on the last.
    package let next: String?

    /// A page.
    package init(_ items: [Item], next: String? = nil) {
        self.items = items
        self.next = next
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "list")
        self.items = try fields.values("items")
        self.next = try fields.optionalString("next")
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([("items", .array(items.map(\.json)))])
        object["next"] = next.map { .string($0) }
        return .object(object)
    }
}

/// The answer or request with no members.
package struct Empty: APIValue {
    /// The empty object.
    package init() {}

    package init(json: JSONValue) throws(GloveboxError) {
        try JSONFields(json, at: "body").finish()
    }

    package var json: JSONValue { [:] }
}
