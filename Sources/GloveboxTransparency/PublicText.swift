internal import GloveboxCore

/// The shape of text that may stand in a public leaf: ids, digests, codes and numbers.
///
/// Sentences, e-mail addresses and file contents do not fit it.
enum PublicText {
    private static let maxBytes = 512
    /// The bytes allowed, a bit each: `+ , - . / 0-9 : =`, then `A-Z _ a-z`.
    private static let low: UInt64 = 0x27ff_f800_0000_0000
    private static let high: UInt64 = 0x07ff_fffe_87ff_fffe

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (byte < 64 ? low : byte < 128 ? high : 0) >> UInt64(byte & 63) & 1 == 1
    }

    /// Writes a text with its quotation marks; nothing in it needs to be escaped.
    ///
    /// - Returns: false when it is not plain enough.
    static func write(_ text: String, to out: inout [UInt8]) -> Bool {
        let bytes = text.utf8.span
        guard bytes.count <= maxBytes else { return false }
        for at in bytes.indices where !isAllowed(bytes[at]) { return false }
        out.append(UInt8(ascii: "\""))
        out += text.utf8
        out.append(UInt8(ascii: "\""))
        return true
    }

    /// What is not plain enough in a leaf that was read, or nil.
    static func fault(_ json: PlainJSON) -> String? {
        for node in json.nodes where node.kind == UInt8(ascii: "\"") {
            guard node.range.count <= maxBytes, json.bytes[node.range].allSatisfy(isAllowed) else {
                return "a text is not plain enough for a public leaf"
            }
        }
        return nil
    }
}
