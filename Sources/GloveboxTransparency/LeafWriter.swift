internal import GloveboxCore

/// Writes a public leaf as canonical JSON, in one pass that also checks every text and finds the holes.
///
/// It is ``CanonicalJSON`` for text in which nothing is ever escaped.
struct LeafWriter {
    private static let mark = UInt8(ascii: "~")

    /// What is written so far.
    private(set) var bytes: [UInt8] = []
    /// The holes in order, and where each stands.
    private(set) var holes: [(hole: LeafTemplate.Hole, at: Int)] = []
    /// The member that was not plain enough, when there is one.
    private(set) var path: String?

    init() { bytes.reserveCapacity(1536) }

    /// Writes the members of an object.
    ///
    /// - Returns: false when a text is not plain enough for a public leaf.
    mutating func write(_ object: JSONObject) -> Bool {
        var separator = UInt8(ascii: "{")
        for member in object.members {
            let start = bytes.count
            bytes.append(separator)
            separator = UInt8(ascii: ",")
            guard PublicText.write(member.name, to: &bytes) else {
                path = member.name
                return false
            }
            bytes.append(UInt8(ascii: ":"))
            guard write(member.value, from: start) else {
                if path == nil { path = member.name }
                return false
            }
        }
        if object.members.isEmpty { bytes.append(separator) }
        bytes.append(UInt8(ascii: "}"))
        return true
    }

    private mutating func write(_ value: JSONValue, from start: Int) -> Bool {
        switch value {
        case .string(let text):
            if text.utf8.first == Self.mark { return leave(text, from: start) }
            return PublicText.write(text, to: &bytes)
        case .object(let object): return write(object)
        case .array(let elements):
            var separator = UInt8(ascii: "[")
            for element in elements {
                let start = bytes.count
                bytes.append(separator)
                separator = UInt8(ascii: ",")
                guard write(element, from: start) else { return false }
            }
            if elements.isEmpty { bytes.append(separator) }
            bytes.append(UInt8(ascii: "]"))
            return true
        case .integer(let number): bytes += String(number).utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .null: bytes += "null".utf8
        }
        return true
    }

    /// Leaves a hole, for a member that begins at an offset.
    private mutating func leave(_ mark: String, from start: Int) -> Bool {
        guard let hole = LeafTemplate.Hole(rawValue: String(mark.dropFirst())) else { return false }
        switch hole {
        case .sequence: holes.append((hole, bytes.count))
        case .previousOfJob:
            // The member goes with its name.
            bytes.removeLast(bytes.count - start)
            holes.append((hole, start))
        case .reportLeaf:
            holes.append((hole, bytes.count + 1))
            bytes += "\"\"".utf8
        }
        return true
    }
}
