internal import GloveboxCore

/// The shape of text that may stand in a public leaf: ids, digests, codes and numbers.
///
/// Sentences, e-mail addresses and file contents do not fit it.
enum PublicText {
    private static let maxBytes = 512
    private static let allowed: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for byte in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:+/=,-".utf8 {
            table[Int(byte)] = true
        }
        return table
    }()

    /// Checks every string and member name inside the value.
    ///
    /// - Throws: `log.schema`.
    static func check(_ value: JSONValue, at path: String, except known: Set<String> = []) throws(GloveboxError) {
        switch value {
        case .string(let text) where !known.isEmpty && known.contains(text): break
        case .string(let text): try check(text, at: path)
        case .array(let elements): for element in elements { try check(element, at: path, except: known) }
        case .object(let object):
            for member in object.members {
                try check(member.name, at: path)
                try check(member.value, at: member.name, except: known)
            }
        case .null, .bool, .integer: break
        }
    }

    private static func check(_ text: String, at path: String) throws(GloveboxError) {
        guard text.utf8.count <= maxBytes, text.utf8.allSatisfy({ allowed[Int($0)] }) else {
            throw GloveboxError("log.schema", "\(Display.escape(path)) is not plain enough for a public leaf")
        }
    }

    /// What is not plain enough in a leaf that was read, or nil.
    static func fault(_ json: PlainJSON) -> String? {
        for node in json.nodes where node.kind == UInt8(ascii: "\"") {
            guard node.range.count <= maxBytes, json.bytes[node.range].allSatisfy({ allowed[Int($0)] }) else {
                return "a text is not plain enough for a public leaf"
            }
        }
        return nil
    }
}
