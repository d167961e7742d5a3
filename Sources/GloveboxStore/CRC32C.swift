internal import CGloveboxDigest

/// The Castagnoli checksum, which tells a torn write from a whole one.
///
/// It protects against accidents only.
///
/// Source: RFC 3720 appendix B.4. By the processor's instruction; where it has none, eight bytes a step, as in Intel's
/// slicing-by-8.
enum CRC32C {
    private static let isBuiltIn = glx_crc32c_available()
    /// `tables[256 * k + b]`: what byte `b` adds when `k` bytes follow it.
    private static let tables: [UInt32] = {
        var tables = (0..<256).map { (byte: Int) -> UInt32 in
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
            return value
        }
        for index in 256..<2048 {
            let before = tables[index - 256]
            tables.append(before >> 8 ^ tables[Int(before & 255)])
        }
        return tables
    }()

    /// The checksum of the bytes.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        guard isBuiltIn, !bytes.isEmpty else { return byTables(bytes) }
        return unsafe bytes.withUnsafeBufferPointer { unsafe glx_crc32c($0.baseAddress, $0.count) }
    }

    /// The checksum without the instruction.
    static func byTables(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        unsafe tables.withUnsafeBufferPointer { table in
            unsafe bytes.withUnsafeBytes { bytes in
                var value: UInt32 = .max
                var at = 0
                while at + 8 <= bytes.count {
                    let low = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self).littleEndian ^ value
                    let high = unsafe bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self).littleEndian
                    value = 0
                    for shift in 0..<4 {
                        value ^= unsafe table[256 * (7 - shift) + Int(low >> UInt32(8 * shift) & 255)]
                        value ^= unsafe table[256 * (3 - shift) + Int(high >> UInt32(8 * shift) & 255)]
                    }
                    at += 8
                }
                while at < bytes.count {
                    value = unsafe value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ bytes[at])]
                    at += 1
                }
                return ~value
            }
        }
    }

    /// The checksum of the bytes.
    static func checksum(_ bytes: [UInt8]) -> UInt32 { checksum(bytes[...]) }
}
