internal import GloveboxCore

/// Writes a public leaf as canonical JSON, in one pass that also checks every text and leaves the holes.
///
/// Members must come in canonical order. It is ``CanonicalJSON`` for text in which nothing is ever escaped, without a value for
/// each member.
struct LeafWriter {
    /// What is written so far.
    private(set) var bytes: [UInt8] = []
    /// The holes in order, and where each stands.
    private(set) var holes: [(hole: LeafTemplate.Hole, at: Int)] = []
    /// The first member that was not plain enough, when there is one.
    private(set) var fault: String?

    init() {
        bytes.reserveCapacity(1536)
        holes.reserveCapacity(3)
    }

    /// Begins the leaf.
    mutating func begin() { bytes.append(UInt8(ascii: "{")) }

    /// Begins an object that is a member.
    mutating func begin(_ name: StaticString) {
        begin(member: name)
        bytes.append(UInt8(ascii: "{"))
    }

    /// Ends the object that was begun last.
    mutating func end() { bytes.append(UInt8(ascii: "}")) }

    /// Writes a text.
    mutating func member(_ name: StaticString, _ text: String) {
        begin(member: name)
        if !PublicText.write(text, to: &bytes) { refuse(name.description) }
    }

    /// Writes a number.
    mutating func member(_ name: StaticString, _ number: Int64) {
        begin(member: name)
        bytes += String(number).utf8
    }

    /// Writes a digest in hex.
    mutating func member(_ name: StaticString, _ digest: Digest) {
        begin(member: name)
        bytes.append(UInt8(ascii: "\""))
        digest.writeHex(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a list of one text.
    mutating func list(_ name: StaticString, _ text: String) {
        begin(member: name)
        if !write([.string(text)]) { refuse(name.description) }
    }

    /// Writes any value under a name that is not ours.
    mutating func member(given name: String, _ value: JSONValue) {
        if !write(name, value) { refuse(name) }
    }

    /// Writes an object of one text.
    mutating func object(_ name: StaticString, _ inner: StaticString, _ text: String) {
        begin(name)
        member(inner, text)
        end()
    }

    /// Writes an object of a `type_id` and a text.
    mutating func typed(_ name: StaticString, _ type: Int64, _ inner: StaticString, _ text: String) {
        begin(name)
        member("type_id", type)
        member(inner, text)
        end()
    }

    /// Leaves a hole where a member of that name goes.
    mutating func leave(_ hole: LeafTemplate.Hole, _ name: StaticString) {
        switch hole {
        case .sequence:
            begin(member: name)
            holes.append((hole, bytes.count))
        case .previousOfJob:
            // The member comes with its name.
            holes.append((hole, bytes.count))
        case .reportLeaf:
            begin(member: name)
            holes.append((hole, bytes.count + 1))
            bytes += "\"\"".utf8
        }
    }

    private mutating func refuse(_ name: String) { if fault == nil { fault = name } }

    private mutating func separate() {
        guard let last = bytes.last, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") else { return }
        bytes.append(UInt8(ascii: ","))
    }

    private mutating func begin(member name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// False when a text is not plain enough for a public leaf.
    private mutating func write(_ name: String, _ value: JSONValue) -> Bool {
        separate()
        guard PublicText.write(name, to: &bytes) else { return false }
        bytes.append(UInt8(ascii: ":"))
        return write(value)
    }

    private mutating func write(_ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): return PublicText.write(text, to: &bytes)
        case .object(let object):
            begin()
            for member in object.members where !write(member.name, member.value) { return false }
            end()
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for element in elements {
                separate()
                guard write(element) else { return false }
            }
            bytes.append(UInt8(ascii: "]"))
        case .integer(let number): bytes += String(number).utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .null: bytes += "null".utf8
        }
        return true
    }
}
