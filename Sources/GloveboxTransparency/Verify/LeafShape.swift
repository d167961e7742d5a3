internal import GloveboxCore

/// What a value in a leaf may be.
indirect enum LeafShape: Sendable {
    /// A number in a range.
    case number(ClosedRange<Int64>)
    /// Any text that is plain enough for a leaf.
    case text
    /// One text.
    case constant([UInt8])
    /// A 64-bit number, as text.
    case decimal
    /// 64 digits of lower-case hex after one of these prefixes.
    case digest(after: [[UInt8]])
    /// A list of texts.
    case texts
    /// An object with these members and no others.
    case object([Member])

    /// A member of an object; members stand in canonical order.
    struct Member: Sendable {
        let name: [UInt8]
        let shape: LeafShape
        let isRequired: Bool
    }

    static func constant(_ text: String) -> LeafShape { .constant(Array(text.utf8)) }

    static func constant(_ number: Int64) -> LeafShape { .number(number...number) }

    /// An object of required and optional members.
    static func object(
        _ required: KeyValuePairs<String, LeafShape>,
        optional: KeyValuePairs<String, LeafShape> = [:]
    ) -> LeafShape {
        let members =
            required.map { Member(name: Array($0.key.utf8), shape: $0.value, isRequired: true) }
            + optional.map { Member(name: Array($0.key.utf8), shape: $0.value, isRequired: false) }
        return .object(members.sorted { $0.name.lexicographicallyPrecedes($1.name) })
    }

    /// An object of texts that may be missing.
    static func texts(named names: [String]) -> LeafShape {
        let members = names.map { Member(name: Array($0.utf8), shape: .text, isRequired: false) }
        return .object(members.sorted { $0.name.lexicographicallyPrecedes($1.name) })
    }

    /// The shape as a list: its name, then what belongs to it; for each member of an object whether it is required, and its
    /// shape.
    var json: JSONValue {
        func text(_ bytes: [UInt8]) -> JSONValue { .string(String(decoding: bytes, as: UTF8.self)) }
        return switch self {
        case .number(let range): ["number", .integer(range.lowerBound), .integer(range.upperBound)]
        case .text: ["text"]
        case .constant(let constant): ["constant", text(constant)]
        case .decimal: ["decimal"]
        case .digest(let prefixes): .array(["digest"] + prefixes.map(text))
        case .texts: ["texts"]
        case .object(let members):
            [
                "object",
                .object(
                    JSONObject(
                        members.map {
                            (String(decoding: $0.name, as: UTF8.self), [.bool($0.isRequired), $0.shape.json])
                        }
                    )
                ),
            ]
        }
    }

    /// Compares a value with the shape; says what is wrong, or nil.
    func fault(_ json: PlainJSON, _ node: Int) -> String? {
        switch self {
        case .number(let range):
            guard let number = json.integer(node), range.contains(number) else { return "is not the number it must be" }
        case .text:
            guard json.nodes[node].kind == UInt8(ascii: "\"") else { return "is no text" }
        case .constant(let text):
            guard json.isText(node, text) else { return "is not \(String(decoding: text, as: UTF8.self))" }
        case .decimal:
            guard json.nodes[node].kind == UInt8(ascii: "\""), Decimal.read(json.bytes[json.nodes[node].range]) != nil
            else { return "is no plain decimal number in a text" }
        case .digest(let prefixes):
            guard prefixes.contains(where: { Self.isDigest(json, node, after: $0) }) else { return "is no digest" }
        case .texts:
            guard json.nodes[node].kind == UInt8(ascii: "[") else { return "is no list" }
            var next = node + 1
            while next < json.nodes[node].after {
                if let fault = LeafShape.text.fault(json, next) { return fault }
                next = json.nodes[next].after
            }
        case .object(let members): return Self.fault(json, node, members)
        }
        return nil
    }

    private static func fault(_ json: PlainJSON, _ node: Int, _ members: [Member]) -> String? {
        guard json.nodes[node].kind == UInt8(ascii: "{") else { return "is no object" }
        var next = node + 1
        var wanted = 0
        while next < json.nodes[node].after {
            // Names and members are both in canonical order: what was passed over is missing.
            var place = wanted
            while place < members.count, !json.isText(next, members[place].name) { place += 1 }
            guard place < members.count else { return "has the unknown member \(json.text(next) ?? "")" }
            if let missing = members[wanted..<place].first(where: \.isRequired) { return fault(missing) }
            if let fault = members[place].shape.fault(json, next + 1) {
                return ".\(String(decoding: members[place].name, as: UTF8.self)) \(fault)"
            }
            wanted = place + 1
            next = json.nodes[next + 1].after
        }
        return members[wanted...].first(where: \.isRequired).map(fault)
    }

    private static func fault(_ missing: Member) -> String {
        ".\(String(decoding: missing.name, as: UTF8.self)) is missing"
    }

    private static func isDigest(_ json: PlainJSON, _ node: Int, after prefix: [UInt8]) -> Bool {
        let range = json.nodes[node].range
        guard json.nodes[node].kind == UInt8(ascii: "\""), range.count == prefix.count + 64 else { return false }
        for offset in prefix.indices where json.bytes[range.lowerBound + offset] != prefix[offset] { return false }
        for byte in json.bytes[range.lowerBound + prefix.count..<range.upperBound] {
            guard byte &- UInt8(ascii: "0") < 10 || byte &- UInt8(ascii: "a") < 6 else { return false }
        }
        return true
    }
}
