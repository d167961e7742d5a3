/// Lower-case hexadecimal, the only form Glovebox writes or reads.
package enum Hex {
    /// Encodes bytes as lower-case hex.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(Array(bytes)) }

    /// Encodes bytes as lower-case hex.
    package static func encode(_ bytes: [UInt8]) -> String {
        unsafe String(unsafeUninitializedCapacity: 2 * bytes.count) { buffer in
            for (index, byte) in bytes.enumerated() {
                unsafe buffer[2 * index] = digit(byte >> 4)
                unsafe buffer[2 * index + 1] = digit(byte & 15)
            }
            return 2 * bytes.count
        }
    }

    /// Writes bytes as lower-case hex.
    package static func write(_ bytes: [UInt8], to out: inout [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe write($0, to: &out) }
    }

    /// Writes bytes as lower-case hex.
    package static func write(_ bytes: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * bytes.count) { text in
            for at in bytes.indices {
                unsafe text[2 * at] = digit(bytes[at] >> 4)
                unsafe text[2 * at + 1] = digit(bytes[at] & 15)
            }
            unsafe out.append(contentsOf: text)
        }
    }

    /// Decodes lower-case hex; nil for an odd length, an upper-case letter or any other byte.
    package static func decode(_ text: String) -> [UInt8]? {
        let utf8 = Array(text.utf8)
        guard utf8.count.isMultiple(of: 2) else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(utf8.count / 2)
        for index in stride(from: 0, to: utf8.count, by: 2) {
            guard let high = value(utf8[index]), let low = value(utf8[index + 1]) else { return nil }
            out.append(high << 4 | low)
        }
        return out
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
