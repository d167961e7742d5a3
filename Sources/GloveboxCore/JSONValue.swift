/// A JSON value of the kind Glovebox signs and logs: no fractions, since every fraction, size or budget that
/// matters is a decimal string.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// An integer within ±(2^53 - 1).
    case integer(Int64)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// The members when this is an object.
    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The elements when this is an array.
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The text when this is a string.
    package var string: String? { if case .string(let value) = self { value } else { nil } }

    /// The number when this is an integer.
    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    /// The truth value when this is one.
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The member of that name, when this is an object that has it.
    package subscript(name: String) -> JSONValue? { object?[name] }

    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        // Bytes, because `String ==` merges NFC and NFD spellings.
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .string(let value): for byte in value.utf8 { hasher.combine(byte) }
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}
