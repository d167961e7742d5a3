internal import Crypto
internal import GloveboxCore

/// The strong validator of an answer: what its bytes hash to, so that equal answers have equal tags.
///
/// Source: RFC 9110, sections 8.8.3 and 13.1.2.
struct EntityTag: Sendable {
    /// As it stands in the header field `ETag`.
    let text: String

    /// The tag of a body.
    init(of bytes: [UInt8]) {
        text = "\"\(Hex.encode(Array(SHA256.hash(data: bytes))))\""
    }

    /// Whether a header field `If-None-Match` names it, alone or in a list; weak tags are compared by their value.
    func isNamed(in field: String) -> Bool {
        field.split(separator: ",").contains { part in
            var tag = part.drop { $0 == " " || $0 == "\t" }
            while let last = tag.last, last == " " || last == "\t" { tag.removeLast() }
            if tag == "*" { return true }
            return (tag.hasPrefix("W/") ? tag.dropFirst(2) : tag) == text
        }
    }
}
