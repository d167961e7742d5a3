/// A quick view of canonical JSON whose strings are plain: printable ASCII without quotation marks and backslashes.
///
/// It reads in place and keeps one flat list of values, so that a million leaves are read without a value each. What it
/// accepts, ``JSONReader/readCanonical(_:)`` accepts; what it does not accept, only that reader can judge.
package struct PlainJSON: Sendable {
    /// A value or a member's name.
    package struct Node: Sendable {
        /// The first byte, which tells the type.
        package let kind: UInt8
        /// Where it lies; for text without the quotation marks.
        package fileprivate(set) var range: Range<Int>
        /// The number of the node that follows it and all that is in it.
        package fileprivate(set) var after: Int
    }

    private static let maxDepth = JSONReader.Limits().depth

    /// What is read from.
    package let bytes: [UInt8]
    /// The values of the last text read, each before what it holds; an object holds names and values in turn.
    package private(set) var nodes: [Node] = []
    private var at = 0
    private var end = 0

    /// Prepares for texts that lie in these bytes.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the text in a range; false when it is not plain and canonical, and then ``nodes`` means nothing.
    package mutating func scan(_ range: Range<Int>) -> Bool {
        nodes.removeAll(keepingCapacity: true)
        nodes.reserveCapacity(96)
        at = range.lowerBound
        end = range.upperBound
        return value(depth: 0) && at == end && nodes.count <= JSONReader.Limits().values
    }

    /// Whether a node is this text.
    package func isText(_ node: Int, _ text: [UInt8]) -> Bool {
        let range = nodes[node].range
        guard nodes[node].kind == UInt8(ascii: "\""), range.count == text.count else { return false }
        for offset in 0..<text.count where bytes[range.lowerBound + offset] != text[offset] { return false }
        return true
    }

    /// The text of a node, when it is text.
    package func text(_ node: Int) -> String? {
        nodes[node].kind == UInt8(ascii: "\"") ? String(decoding: bytes[nodes[node].range], as: UTF8.self) : nil
    }

    /// The number of a node, when it is one.
    package func integer(_ node: Int) -> Int64? {
        var range = nodes[node].range
        let negative = nodes[node].kind == UInt8(ascii: "-")
        guard negative || nodes[node].kind &- UInt8(ascii: "0") < 10 else { return nil }
        if negative { range = range.dropFirst() }
        var value: Int64 = 0
        for byte in bytes[range] { value = value * 10 + Int64(byte - UInt8(ascii: "0")) }
        return negative ? -value : value
    }

    /// The value of a member of an object.
    package func member(_ name: [UInt8], of node: Int) -> Int? {
        guard nodes[node].kind == UInt8(ascii: "{") else { return nil }
        var next = node + 1
        while next < nodes[node].after {
            if isText(next, name) { return next + 1 }
            next = nodes[next + 1].after
        }
        return nil
    }

    /// A node and all that is in it.
    package func value(_ node: Int) -> JSONValue {
        switch nodes[node].kind {
        case UInt8(ascii: "{"):
            var members: [JSONObject.Member] = []
            var next = node + 1
            while next < nodes[node].after {
                members.append(JSONObject.Member(name: text(next) ?? "", value: value(next + 1)))
                next = nodes[next + 1].after
            }
            return .object(JSONObject(inOrder: members))
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            var next = node + 1
            while next < nodes[node].after {
                elements.append(value(next))
                next = nodes[next].after
            }
            return .array(elements)
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "n"): return .null
        default: return text(node).map(JSONValue.string) ?? integer(node).map(JSONValue.integer) ?? .null
        }
    }

    private mutating func value(depth: Int) -> Bool {
        guard at < end, depth <= Self.maxDepth else { return false }
        let node = nodes.count
        let start = at
        let kind = bytes[at]
        nodes.append(Node(kind: kind, range: start..<start, after: 0))
        let isRead: Bool
        switch kind {
        case UInt8(ascii: "{"): isRead = object(depth)
        case UInt8(ascii: "["): isRead = array(depth)
        case UInt8(ascii: "\""):
            guard string() else { return false }
            nodes[node].range = start + 1..<at - 1
            nodes[node].after = nodes.count
            return true
        case UInt8(ascii: "t"): isRead = literal("true")
        case UInt8(ascii: "f"): isRead = literal("false")
        case UInt8(ascii: "n"): isRead = literal("null")
        default: isRead = number()
        }
        nodes[node].range = start..<at
        nodes[node].after = nodes.count
        return isRead
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < end, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    private mutating func object(_ depth: Int) -> Bool {
        at += 1
        if take(UInt8(ascii: "}")) { return true }
        var previous: Range<Int>?
        while true {
            let start = at + 1
            guard string() else { return false }
            let name = start..<at - 1
            // In plain text the order of bytes is that of UTF-16 code units.
            if let previous, !precedes(previous, name) { return false }
            nodes.append(Node(kind: UInt8(ascii: "\""), range: name, after: nodes.count + 1))
            previous = name
            guard take(UInt8(ascii: ":")), value(depth: depth + 1) else { return false }
            if take(UInt8(ascii: "}")) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
        }
    }

    private func precedes(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        for offset in 0..<min(left.count, right.count) {
            let (a, b) = (bytes[left.lowerBound + offset], bytes[right.lowerBound + offset])
            if a != b { return a < b }
        }
        return left.count < right.count
    }

    private mutating func array(_ depth: Int) -> Bool {
        at += 1
        if take(UInt8(ascii: "]")) { return true }
        while true {
            guard value(depth: depth + 1) else { return false }
            if take(UInt8(ascii: "]")) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
        }
    }

    private mutating func string() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        guard let length = plainLength(from: at) else { return false }
        at += length + 1
        return true
    }

    /// How many plain bytes stand before the next quotation mark; nil when something else comes first.
    private func plainLength(from start: Int) -> Int? {
        let text = bytes.span.extracting(start..<end)
        for offset in text.indices {
            let byte = text[offset]
            if byte == UInt8(ascii: "\"") { return offset }
            guard byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\\") else { return nil }
        }
        return nil
    }

    private mutating func literal(_ text: StaticString) -> Bool {
        for byte in text.description.utf8 {
            guard take(byte) else { return false }
        }
        return true
    }

    private mutating func number() -> Bool {
        let start = at
        let negative = take(UInt8(ascii: "-"))
        let digits = at
        var value: UInt64 = 0
        while at < end, bytes[at] &- UInt8(ascii: "0") < 10, at - digits < 17 {
            value = value * 10 + UInt64(bytes[at] - UInt8(ascii: "0"))
            at += 1
        }
        guard at > digits, value <= 9_007_199_254_740_991 else { return false }
        return bytes[digits] != UInt8(ascii: "0") || at == start + 1 && !negative
    }
}
