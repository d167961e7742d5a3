/// What bytes say when they are taken for base64, hex, percent-encoded text or gzip.
enum LeakDecoders {
    /// Greatest length of what one decoding gives.
    static let limit = 1 << 20
    /// Shortest run of an alphabet that is decoded, in characters.
    private static let shortest = 8

    /// Every decoding of the bytes that gives something.
    static func decoded(_ bytes: [UInt8]) -> [[UInt8]] {
        var all: [[UInt8]] = []
        for run in runs(bytes, { base64Value($0) != nil }) { all += base64(bytes[run]) }
        for run in runs(bytes, { hexValue($0) != nil }) { all += [hex(bytes[run]), hex(bytes[run].dropFirst())] }
        if let plain = percent(bytes) { all.append(plain) }
        for start in bytes.indices.dropLast(10) where bytes[start] == 0x1f && bytes[start + 1] == 0x8b {
            if let plain = Inflate.gzip(bytes, at: start, limit: limit) { all.append(plain) }
        }
        return all.filter { !$0.isEmpty }
    }

    private static func runs(_ bytes: [UInt8], _ belongs: (UInt8) -> Bool) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start: Int?
        for index in 0...bytes.count {
            let isIn = index < bytes.count && belongs(bytes[index])
            if isIn, start == nil { start = index }
            if !isIn, let from = start {
                if index - from >= shortest { runs.append(from..<index) }
                start = nil
            }
        }
        return runs
    }

    private static func base64Value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x41...0x5a: byte - 0x41
        case 0x61...0x7a: byte - 0x61 + 26
        case 0x30...0x39: byte - 0x30 + 52
        case 0x2b, 0x2d: 62
        case 0x2f, 0x5f: 63
        default: nil
        }
    }

    // A run may have letters before the encoded part, so each of the four alignments is tried.
    private static func base64(_ text: ArraySlice<UInt8>) -> [[UInt8]] {
        (0..<4).map { skipped in
            var (out, bits, count): ([UInt8], UInt32, Int) = ([], 0, 0)
            for byte in text.dropFirst(skipped) {
                bits = bits << 6 | UInt32(base64Value(byte) ?? 0)
                count += 6
                if count >= 8 {
                    count -= 8
                    out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                }
            }
            return out
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func hex(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let digits = text.compactMap(hexValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func percent(_ bytes: [UInt8]) -> [UInt8]? {
        var (out, index, found): ([UInt8], Int, Bool) = ([], 0, false)
        while index < bytes.count {
            if bytes[index] == 0x25, index + 2 < bytes.count, let high = hexValue(bytes[index + 1]),
                let low = hexValue(bytes[index + 2])
            {
                out.append(high << 4 | low)
                (index, found) = (index + 3, true)
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return found ? out : nil
    }
}
