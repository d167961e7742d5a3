package import GloveboxCore

/// Names and texts, as an environment or parameters carry them; names are compared as bytes.
package struct TextMap: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    private var object = JSONObject()

    /// A map with nothing in it.
    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }

    /// A map of these pairs; of two with one name the later stays.
    package init(_ pairs: [(String, String)]) {
        for (name, text) in pairs { object[name] = .string(text) }
    }

    /// Reads a JSON object whose members are all strings.
    ///
    /// - Throws: `schema.type`.
    package init(_ value: JSONValue, at path: String) throws(GloveboxError) {
        guard let object = value.object, object.members.allSatisfy({ $0.value.string != nil }) else {
            throw GloveboxError("schema.type", "\(path) must be an object of strings")
        }
        self.object = object
    }

    /// The pairs in canonical order.
    package var pairs: [(name: String, text: String)] {
        object.members.map { (name: $0.name, text: $0.value.string ?? "") }
    }

    /// The text of a name, or nil.
    package subscript(name: String) -> String? {
        get { object[name]?.string }
        set { object[name] = newValue.map { .string($0) } }
    }

    /// The JSON form.
    package var json: JSONValue { .object(object) }

    /// SHA-256 of the canonical JSON form.
    package var digest: Digest { Hashing.sha256(CanonicalJSON.encode(json)) }
}
