/// The little of DER that is written by hand.
enum DERBytes {
    /// Puts a tag and a minimal length before content of up to 65,535 bytes.
    static func wrap(tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        precondition(content.count <= 0xffff, "certificate parts are small")
        let size = content.count
        let length: [UInt8] =
            switch size {
            case 0..<0x80: [UInt8(size)]
            case 0x80...0xff: [0x81, UInt8(size)]
            default: [0x82, UInt8(size >> 8), UInt8(size & 0xff)]
            }
        return [tag] + length + content
    }

    /// A big-endian number of that many bytes.
    static func bigEndian(_ value: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (bytes - 1 - $0))) }
    }
}
