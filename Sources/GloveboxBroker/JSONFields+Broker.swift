internal import GloveboxCore

extension JSONFields {
    /// Takes a plain decimal number in a string.
    mutating func decimal(_ name: String) throws(GloveboxError) -> UInt64 { try Self.decimal(required(name), name) }

    /// Takes such a number that may be missing.
    mutating func optionalDecimal(_ name: String) throws(GloveboxError) -> UInt64? {
        try optional(name).map { value throws(GloveboxError) in try Self.decimal(value, name) }
    }

    private static func decimal(_ value: JSONValue, _ name: String) throws(GloveboxError) -> UInt64 {
        guard let text = value.string, let number = UInt64(text), String(number) == text else {
            throw GloveboxError("schema.value", "\(name) must be a decimal number in a string")
        }
        return number
    }

    /// Takes bytes in padded base64.
    mutating func base64(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard let bytes = Base64.decode(try string(name)) else {
            throw GloveboxError("base64.invalid", "\(name) is not strict base64")
        }
        return bytes
    }
}
