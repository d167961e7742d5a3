internal import GloveboxCore
internal import SwiftASN1

/// Takes the parts of a DER value one by one, and refuses what is left over.
///
/// Every refusal carries the one code it was made with.
struct DERReader {
    private var nodes: ASN1NodeCollection.Iterator
    private let refused: GloveboxError

    /// Reads bytes that are one constructed value with that tag.
    init(_ bytes: [UInt8], _ tag: ASN1Identifier = .sequence, refused: GloveboxError) throws(GloveboxError) {
        let node: ASN1Node
        do { node = try DER.parse(bytes) } catch { throw refused }
        try self.init(node, tag, refused: refused)
    }

    private init(_ node: ASN1Node, _ tag: ASN1Identifier, refused: GloveboxError) throws(GloveboxError) {
        guard node.identifier == tag, case .constructed(let parts) = node.content else { throw refused }
        self.nodes = parts.makeIterator()
        self.refused = refused
    }

    /// Takes the next part, which must have that tag.
    mutating func part(_ tag: ASN1Identifier) throws(GloveboxError) -> ASN1Node {
        guard let node = nodes.next(), node.identifier == tag else { throw refused }
        return node
    }

    /// Takes the next part if it has that tag.
    mutating func optional(_ tag: ASN1Identifier) -> ASN1Node? {
        var ahead = nodes
        guard let node = ahead.next(), node.identifier == tag else { return nil }
        nodes = ahead
        return node
    }

    /// Takes the next part, constructed, to be read in turn, if there is one.
    mutating func optionalNested() throws(GloveboxError) -> DERReader? {
        try optional(.sequence).map { node throws(GloveboxError) in try DERReader(node, .sequence, refused: refused) }
    }

    /// Takes the next part, constructed, to be read in turn.
    mutating func nested(_ tag: ASN1Identifier = .sequence) throws(GloveboxError) -> DERReader {
        try DERReader(part(tag), tag, refused: refused)
    }

    /// Takes the only part of the next part, which is an explicit tag of that number.
    mutating func explicit(_ number: UInt, _ tag: ASN1Identifier) throws(GloveboxError) -> DERReader {
        var wrapper = try nested(ASN1Identifier(tagWithNumber: number, tagClass: .contextSpecific))
        let inner = try wrapper.nested(tag)
        try wrapper.finish()
        return inner
    }

    /// Takes the bytes of the next part, primitive.
    mutating func bytes(_ tag: ASN1Identifier) throws(GloveboxError) -> [UInt8] {
        guard case .primitive(let bytes) = try part(tag).content else { throw refused }
        return Array(bytes)
    }

    /// Takes the bytes of the next part, primitive, if it has that tag.
    mutating func optionalBytes(_ tag: ASN1Identifier) throws(GloveboxError) -> [UInt8]? {
        guard let node = optional(tag) else { return nil }
        guard case .primitive(let bytes) = node.content else { throw refused }
        return Array(bytes)
    }

    /// Takes an object identifier that must be this one.
    mutating func object(_ expected: ASN1ObjectIdentifier) throws(GloveboxError) {
        guard try anyObject() == expected else { throw refused }
    }

    /// Takes an object identifier.
    mutating func anyObject() throws(GloveboxError) -> ASN1ObjectIdentifier {
        do { return try ASN1ObjectIdentifier(derEncoded: part(.objectIdentifier)) } catch { throw refused }
    }

    /// Takes an algorithm identifier that must be this one, with no parameters but NULL.
    mutating func algorithm(_ expected: ASN1ObjectIdentifier) throws(GloveboxError) {
        var fields = try nested()
        try fields.object(expected)
        _ = fields.optional(.null)
        try fields.finish()
    }

    /// Checks that every part was taken.
    func finish() throws(GloveboxError) {
        var rest = nodes
        guard rest.next() == nil else { throw refused }
    }
}
