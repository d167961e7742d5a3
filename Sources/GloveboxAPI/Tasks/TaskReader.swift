package import GloveboxCore

/// Reads a task of another's program: every fault is kept with its place, and unknown members are passed over and named.
///
/// Source: job-backend section 3.2.
final class TaskReader {
    /// What is wrong.
    private(set) var faults: [GloveboxError.Cause] = []
    /// Members nobody knows.
    private(set) var ignored: [String] = []

    private static let most = 50

    init() {}

    /// Notes a fault.
    func fault(_ pointer: String, _ code: String, _ message: String) {
        if faults.count < Self.most { faults.append(GloveboxError.Cause(pointer, code, message)) }
    }

    /// One object of the task.
    struct Fields {
        let reader: TaskReader
        let pointer: String
        private var left: JSONObject

        init?(_ value: JSONValue, _ pointer: String, _ reader: TaskReader) {
            guard let object = value.object, object.members.first?.name != JSONReader.fraction else {
                reader.fault(pointer, "schema.type", "must be an object")
                return nil
            }
            left = object
            self.pointer = pointer
            self.reader = reader
        }

        /// A member that is there and not null.
        mutating func take(_ name: String) -> JSONValue? {
            defer { left[name] = nil }
            guard let value = left[name], value != .null else { return nil }
            return value
        }

        mutating func text(_ name: String, atMost limit: Int = 4096) -> String? {
            guard let value = take(name) else { return nil }
            let place = pointer + "/" + name
            guard let text = value.string else {
                reader.fault(place, "schema.type", "must be a string")
                return nil
            }
            guard text.utf8.count <= limit, !text.utf8.contains(0) else {
                reader.fault(place, "limit.exceeded", "has at most \(limit) bytes, and no NUL")
                return nil
            }
            return text
        }

        mutating func required(_ name: String, atMost limit: Int = 4096) -> String {
            let before = reader.faults.count
            if let text = text(name, atMost: limit), !text.isEmpty { return text }
            if reader.faults.count == before {
                reader.fault(pointer + "/" + name, "schema.missing-field", "is missing")
            }
            return ""
        }

        mutating func flag(_ name: String) -> Bool? {
            guard let value = take(name) else { return nil }
            if value.bool == nil { reader.fault(pointer + "/" + name, "schema.type", "must be true or false") }
            return value.bool
        }

        mutating func list(_ name: String, atMost limit: Int = 1024) -> [JSONValue] {
            guard let value = take(name) else { return [] }
            guard let array = value.array else {
                reader.fault(pointer + "/" + name, "schema.type", "must be an array")
                return []
            }
            guard array.count <= limit else {
                reader.fault(pointer + "/" + name, "limit.exceeded", "has at most \(limit) elements")
                return []
            }
            return array
        }

        mutating func texts(_ name: String, atMost limit: Int = 1024, bytes: Int = 131_072) -> [String] {
            var out: [String] = []
            for (index, value) in list(name, atMost: limit).enumerated() {
                guard let text = value.string, text.utf8.count <= bytes, !text.utf8.contains(0) else {
                    reader.fault("\(pointer)/\(name)/\(index)", "schema.type", "must be a string without NUL")
                    continue
                }
                out.append(text)
            }
            return out
        }

        mutating func map(_ name: String) -> [(name: String, value: String)] {
            guard let value = take(name) else { return [] }
            guard let object = value.object, object.members.first?.name != JSONReader.fraction else {
                reader.fault(pointer + "/" + name, "schema.type", "must be an object of strings")
                return []
            }
            guard object.members.count <= 256 else {
                reader.fault(pointer + "/" + name, "limit.exceeded", "has at most 256 members")
                return []
            }
            var out: [(name: String, value: String)] = []
            for member in object.members {
                guard let text = member.value.string, !text.utf8.contains(0), !member.name.utf8.contains(0),
                    text.utf8.count <= 16_384, member.name.utf8.count <= 1024
                else {
                    reader.fault(
                        "\(pointer)/\(name)/\(Self.escaped(member.name))",
                        "schema.type",
                        "must be a string of at most 16384 bytes without NUL"
                    )
                    continue
                }
                out.append((member.name, text))
            }
            return out
        }

        /// A number of at least 0.
        mutating func number(_ name: String) -> Decimals? {
            guard let value = take(name) else { return nil }
            guard let number = Decimals(value) else {
                reader.fault(pointer + "/" + name, "schema.type", "must be a number from 0 to 1000000")
                return nil
            }
            return number
        }

        /// Notes what is left over.
        func finish() {
            for name in left.names where reader.ignored.count < TaskReader.most {
                reader.ignored.append("\(pointer)/\(Self.escaped(name))")
            }
        }

        /// A name in a JSON pointer (RFC 6901), shortened.
        private static func escaped(_ name: String) -> String {
            String(
                Display.escape(String(name.prefix(64))).flatMap { character -> String in
                    switch character {
                    case "~": "~0"
                    case "/": "~1"
                    default: String(character)
                    }
                }
            )
        }
    }
}

/// A number of the task API, in thousandths.
package struct Decimals: Sendable, Hashable {
    /// Thousandths.
    package let thousandths: Int64

    /// A number in thousandths.
    package init(thousandths: Int64) { self.thousandths = thousandths }

    /// Reads a number from 0 to a million; nil for anything else.
    init?(_ value: JSONValue) {
        if let whole = value.integer, (0...1_000_000).contains(whole) {
            thousandths = whole * 1000
            return
        }
        guard case .string(let text)? = value.object?[JSONReader.fraction], let number = Double(text),
            (0...1_000_000).contains(number)
        else { return nil }
        thousandths = Int64((number * 1000).rounded(.up))
    }

    /// Reads text such as `0.5`.
    package init?(_ text: String) {
        guard let number = Double(text), (0...1_000_000).contains(number) else { return nil }
        thousandths = Int64((number * 1000).rounded(.up))
    }

    /// The least whole number that is not smaller.
    package var roundedUp: Int64 { (thousandths + 999) / 1000 }

    /// As JSON: a whole number, or an object that ``TaskJSON`` writes as a fraction.
    var json: JSONValue {
        if thousandths % 1000 == 0 { return .integer(thousandths / 1000) }
        var digits = String(thousandths % 1000)
        digits = String(repeating: "0", count: 3 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return .object(JSONObject([(JSONReader.fraction, .string("\(thousandths / 1000).\(digits)"))]))
    }
}

/// Writes JSON for the task API, where numbers may have fractions.
package enum TaskJSON {
    /// Limits of reading: the one protocol in which numbers may have fractions.
    package static var limits: JSONReader.Limits {
        var limits = JSONReader.Limits()
        limits.hasFractions = true
        return limits
    }

    /// The bytes of a value.
    package static func encode(_ value: JSONValue) -> [UInt8] {
        var out: [UInt8] = []
        write(value, &out)
        return out
    }

    private static func write(_ value: JSONValue, _ out: inout [UInt8]) {
        switch value {
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                write(element, &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let object):
            if case .string(let number)? = object[JSONReader.fraction] {
                out += number.utf8
                return
            }
            out.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                out += CanonicalJSON.encode(.string(member.name))
                out.append(UInt8(ascii: ":"))
                write(member.value, &out)
            }
            out.append(UInt8(ascii: "}"))
        case .null, .bool, .integer, .string: out += CanonicalJSON.encode(value)
        }
    }
}
