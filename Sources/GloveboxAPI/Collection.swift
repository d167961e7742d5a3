package import GloveboxCore

/// `POST /gc`: removes what the site keeps no longer, or says what that would be.
package struct CollectionRequest: APIValue {
    /// Whether nothing is to be removed.
    package let isDry: Bool

    /// Asks for a collection.
    package init(isDry: Bool) { self.isDry = isDry }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "collection")
        isDry = try fields.bool("dry_run")
        try fields.finish()
    }

    package var json: JSONValue { ["dry_run": .bool(isDry)] }
}

/// One thing that is kept no longer.
package struct CollectedItem: APIValue {
    /// What it is.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// An uploaded code tree that no plan names.
        case upload
        /// An image without a name that no plan names.
        case image
        /// Evidence and results of a job that ended longer ago than results are kept.
        case result
        /// What a job on private data wrote, past its time.
        case text
        /// Sealed outputs of a job that has ended.
        case sealed
        /// What an interrupted write or an older index left.
        case leftover
    }

    /// What it is.
    package let kind: Kind
    /// Its digest, job or file name.
    package let name: String
    /// How many bytes it takes.
    package let bytes: UInt64

    /// Names a thing.
    package init(_ kind: Kind, _ name: String, bytes: UInt64) {
        (self.kind, self.name, self.bytes) = (kind, name, bytes)
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "item")
        guard let kind = Kind(rawValue: try fields.string("kind")) else {
            throw GloveboxError("schema.type", "item.kind is not known")
        }
        self.kind = kind
        name = try fields.string("name")
        bytes = try fields.decimal("bytes")
        try fields.finish()
    }

    package var json: JSONValue {
        ["kind": .string(kind.rawValue), "name": .string(name), "bytes": .string(String(bytes))]
    }
}

/// Answer to `POST /gc`.
package struct CollectionReport: APIValue {
    /// What was removed, or would be.
    package let items: [CollectedItem]
    /// Whether it stopped before the end, to go on with the next collection.
    package let hasMore: Bool

    /// Reports a collection.
    package init(_ items: [CollectedItem], hasMore: Bool) { (self.items, self.hasMore) = (items, hasMore) }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "collection")
        items = try fields.values("items")
        hasMore = try fields.bool("more")
        try fields.finish()
    }

    package var json: JSONValue { ["items": .array(items.map(\.json)), "more": .bool(hasMore)] }
}
