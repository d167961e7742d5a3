package import GloveboxCore

/// An enumeration whose words stand in documents.
package protocol DocumentWord: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == String {}

extension DocumentWord {
    /// The words, for errors.
    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// A mapping inside a document that has a type of its own.
package protocol DocumentSection: Hashable, Sendable {
    /// Takes the keys of the mapping.
    init(_ fields: inout DocumentFields) throws(GloveboxError)
}

extension DocumentFields {
    /// Takes a mapping that may be missing.
    ///
    /// - Throws: what the section throws, and `document.unknown-key`.
    package mutating func section<Section: DocumentSection>(
        _ name: String,
        as _: Section.Type = Section.self
    ) throws(GloveboxError) -> Section? {
        guard let value = take(name) else { return nil }
        return try read(name, value)
    }

    /// Takes a mapping whose keys all have defaults, so that it may be missing.
    ///
    /// - Throws: what the section throws, and `document.unknown-key`.
    package mutating func filledSection<Section: DocumentSection>(
        _ name: String,
        as _: Section.Type = Section.self
    ) throws(GloveboxError) -> Section {
        try read(name, take(name) ?? .object(JSONObject()))
    }

    /// Takes a list of mappings.
    ///
    /// - Throws: what the section throws, `document.missing-key`, `document.type` and `document.value`.
    package mutating func sections<Section: DocumentSection>(
        _ name: String,
        _ count: ClosedRange<Int>,
        optional: Bool = false,
        as _: Section.Type = Section.self
    ) throws(GloveboxError) -> [Section] {
        guard let value = take(name) ?? (optional ? .array([]) : nil) else { throw missing(name) }
        guard let elements = value.array else { throw wrongType(name, "a list") }
        guard count.contains(elements.count) else {
            throw wrongValue(name, "must have \(count.lowerBound) to \(count.upperBound) entries")
        }
        var sections: [Section] = []
        var canonical: [JSONValue] = []
        for (index, element) in elements.enumerated() {
            var inner = try DocumentFields(element, at: "\(at(name))[\(index)]")
            sections.append(try Section(&inner))
            canonical.append(try inner.finish())
        }
        keep(name, .array(canonical))
        return sections
    }

    private mutating func read<Section: DocumentSection>(
        _ name: String,
        _ value: JSONValue
    ) throws(GloveboxError) -> Section {
        var inner = try DocumentFields(value, at: at(name))
        let section = try Section(&inner)
        keep(name, try inner.finish())
        return section
    }
}
