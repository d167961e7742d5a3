package import GloveboxCore

/// The documents that set one policy of a run, from the site's to the run's own, and what holds under all of them.
///
/// Source: release policy section 3.3.
package struct PolicyChain: Sendable {
    /// Whom a document speaks for; the later one stands below the earlier.
    package enum Level: String, CaseIterable, Sendable {
        case site
        case dataset
        case project
        case run
    }

    /// One document of a chain.
    package struct Layer: Hashable, Sendable {
        /// Whom it speaks for.
        package let level: Level
        /// The document as written; below the first one it states only what it tightens.
        package let value: JSONValue
        /// Where its keys stand in its file.
        package let lines: DocumentLines

        /// Describes a document.
        package init(_ level: Level, _ value: JSONValue, lines: DocumentLines = DocumentLines()) {
            (self.level, self.value, self.lines) = (level, value, lines)
        }

        /// `metadata.name`.
        package var name: String { value["metadata"]?["name"]?.string ?? "" }
        /// `metadata.version`.
        package var version: Int64 { value["metadata"]?["version"]?.integer ?? 0 }
        /// SHA-256 of the canonical bytes of what is written, no default filled in.
        package var digest: Digest { Digest(sha256: CanonicalJSON.encode(value)) }

        /// What a report or record says of the document.
        package var source: JSONValue {
            [
                "level": .string(level.rawValue), "name": .string(name), "version": .integer(version),
                "digest": .string(digest.named),
            ]
        }
    }

    /// The documents, the site's first.
    package let layers: [Layer]
    /// What holds, and where each limit comes from.
    package let merge: PolicyMerge

    /// Merges the documents.
    ///
    /// - Throws: `policy.loosens` with each key path and its line, `policy.kinds`, and what a document of the kind throws.
    package init(_ layers: [Layer]) throws(GloveboxError) {
        guard zip(layers, layers.dropFirst()).allSatisfy({ $0.level.depth < $1.level.depth }) else {
            throw GloveboxError(
                "policy.kinds",
                "the documents of a policy stand in the order site, dataset, project, run"
            )
        }
        self.layers = layers
        merge = try PolicyMerge(layers.map(\.value), lines: layers.map(\.lines))
    }

    /// What holds.
    package var document: PolicyDocument { merge.document }

    /// What a report or record says of each document.
    package var sources: JSONValue { .array(layers.map(\.source)) }

    /// Every limit with the document and the line that set it; a default has neither.
    package var limits: JSONValue {
        .array(
            merge.origins.map { origin in
                var limit = JSONObject([("key", .string(origin.path)), ("value", origin.value)])
                if let source = origin.source {
                    limit["set_by"] = .string("\(layers[source].level.rawValue) \(layers[source].name)")
                    limit["line"] = layers[source].lines.line(of: origin.place).map { .integer(Int64($0)) }
                }
                return .object(limit)
            }
        )
    }

    /// The documents, to be read again.
    package var json: JSONValue {
        .array(
            layers.map {
                ["level": .string($0.level.rawValue), "document": $0.value, "lines": $0.lines.json]
            }
        )
    }

    /// Reads the documents and merges them again.
    ///
    /// - Throws: `schema.*`, and as ``init(_:)``.
    package init(json: JSONValue) throws(GloveboxError) {
        guard let elements = json.array else { throw GloveboxError("schema.type", "a policy chain must be an array") }
        var layers: [Layer] = []
        for element in elements {
            var fields = try JSONFields(element, at: "policy")
            guard let level = Level(rawValue: try fields.string("level")) else {
                throw GloveboxError("schema.type", "a policy has an unknown level")
            }
            let value = try fields.required("document")
            layers.append(Layer(level, value, lines: try DocumentLines(json: fields.required("lines"))))
            try fields.finish()
        }
        try self.init(layers)
    }
}

extension PolicyChain.Level {
    var depth: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
