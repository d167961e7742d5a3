internal import GloveboxCore

extension JSONFields {
    /// Takes a plain decimal number in a string.
    mutating func decimal(_ name: String) throws(GloveboxError) -> UInt64 {
        let text = try string(name)
        guard let number = UInt64(text), String(number) == text else {
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
