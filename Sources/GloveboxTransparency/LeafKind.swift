package import GloveboxCore

/// The two kinds of leaves, told apart by their top-level members.
///
/// Source: transparency-log specification, section 7.
package enum LeafKind: Sendable {
    /// An OCSF event.
    case event(JSONValue)
    /// A report entry.
    case report(HashedRekord.Parts)

    /// Greatest length of a leaf in bytes: what an entry bundle can carry.
    package static let maxBytes = 65_535

    /// Reads a leaf.
    ///
    /// - Throws: `log.leaf-not-canonical`; `log.leaf-kind` when it is neither kind, or both.
    package init(_ leaf: [UInt8]) throws(GloveboxError) {
        guard leaf.count <= Self.maxBytes else {
            throw GloveboxError("log.leaf-not-canonical", "a leaf has more than \(Self.maxBytes) bytes")
        }
        let value: JSONValue
        do {
            value = try JSONReader.readCanonical(leaf)
        } catch {
            throw GloveboxError("log.leaf-not-canonical", "a leaf is not canonical JSON: \(error.message)")
        }
        let isEvent = value["class_uid"] != nil
        let isReport = value["kind"]?.string == HashedRekord.kind && value["apiVersion"]?.string == HashedRekord.version
        guard isEvent != isReport else {
            throw GloveboxError("log.leaf-kind", "a leaf is an event or a report entry; this is neither, or both")
        }
        if isEvent {
            self = .event(value)
            return
        }
        do {
            self = .report(try HashedRekord.parse(leaf))
        } catch {
            throw GloveboxError("log.leaf-kind", "a report entry has another shape: \(error.message)")
        }
    }
}
