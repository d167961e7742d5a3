/// Writes a figure as the one PNG that stands for it.
///
/// The compression is our own, so that the bytes depend on no library's version: filter 0, one block of fixed Huffman
/// codes, greedy matches at distance 1 and one row back. Source: RFC 1950, RFC 1951; release policy section 8.3.
package enum PNGWriter {
    /// The bytes: IHDR, PLTE, one IDAT, IEND.
    package static func write(_ figure: CheckedFigure) -> [UInt8] {
        let row = 1 + (figure.width + 1) / 2
        var raw: [UInt8] = []
        raw.reserveCapacity(row * figure.height)
        for y in 0..<figure.height {
            raw.append(0)
            for x in stride(from: y * figure.width, to: (y + 1) * figure.width, by: 2) {
                let low = x + 1 < (y + 1) * figure.width ? figure.pixels[x + 1] : 0
                raw.append(figure.pixels[x] << 4 | low)
            }
        }
        var out = PNGReader.signature
        let header = bigEndian(UInt32(figure.width)) + bigEndian(UInt32(figure.height)) + [4, 3, 0, 0, 0]
        chunk("IHDR", header, &out)
        chunk("PLTE", Array(FigurePalette.colours.joined()), &out)
        chunk("IDAT", [0x78, 0x01] + deflate(raw, row: row) + bigEndian(adler(raw)), &out)
        chunk("IEND", [], &out)
        return out
    }

    private static func chunk(_ type: String, _ body: [UInt8], _ out: inout [UInt8]) {
        let named = Array(type.utf8) + body
        out += bigEndian(UInt32(body.count)) + named + bigEndian(PNGReader.crc(named[...]))
    }

    private static func deflate(_ bytes: [UInt8], row: Int) -> [UInt8] {
        var out = BitWriter()
        out.bits(1, 1)  // the last block
        out.bits(1, 2)  // fixed Huffman codes
        var at = 0
        while at < bytes.count {
            let near = match(bytes, at, distance: 1)
            let far = match(bytes, at, distance: row)
            let (length, distance) = far > near ? (far, row) : (near, 1)
            guard length >= 3 else {
                out.literal(Int(bytes[at]))
                at += 1
                continue
            }
            out.length(length)
            out.distance(distance)
            at += length
        }
        out.literal(256)
        return out.finished
    }

    private static func match(_ bytes: [UInt8], _ at: Int, distance: Int) -> Int {
        // Deflate reaches back 32 KiB.
        guard distance <= at, distance <= 32768 else { return 0 }
        var length = 0
        while length < 258, at + length < bytes.count, bytes[at + length] == bytes[at + length - distance] {
            length += 1
        }
        return length
    }

    private static func adler(_ bytes: [UInt8]) -> UInt32 {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        return b << 16 | a
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}

/// Bits in the order of RFC 1951 section 3.1.1, with its fixed codes.
private struct BitWriter {
    private var bytes: [UInt8] = []
    private var pending: UInt32 = 0
    private var count = 0

    /// The bytes, the last one filled with zeros.
    var finished: [UInt8] { count > 0 ? bytes + [UInt8(truncatingIfNeeded: pending)] : bytes }

    /// Adds a number, its lowest bit first.
    mutating func bits(_ value: Int, _ width: Int) {
        pending |= UInt32(value) << UInt32(count)
        count += width
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            count -= 8
        }
    }

    // A Huffman code, its highest bit first.
    private mutating func code(_ value: Int, _ width: Int) {
        for shift in stride(from: width - 1, through: 0, by: -1) { bits(value >> shift & 1, 1) }
    }

    /// A byte, or the mark for the end of the block.
    ///
    /// Source: section 3.2.6.
    mutating func literal(_ symbol: Int) {
        switch symbol {
        case ..<144: code(0x30 + symbol, 8)
        case ..<256: code(0x190 + symbol - 144, 9)
        case ..<280: code(symbol - 256, 7)
        default: code(0xc0 + symbol - 280, 8)
        }
    }

    /// A match length of 3 to 258.
    ///
    /// Source: section 3.2.5.
    mutating func length(_ length: Int) {
        guard length < 258 else { return literal(285) }
        let value = length - 3
        guard value >= 8 else { return literal(257 + value) }
        let extra = (Int.bitWidth - 1 - value.leadingZeroBitCount) - 2
        literal(257 + 4 * extra + (value >> extra))
        bits(value & ((1 << extra) - 1), extra)
    }

    /// A match distance of 1 to 32768.
    ///
    /// Source: section 3.2.5.
    mutating func distance(_ distance: Int) {
        let value = distance - 1
        guard value >= 4 else { return code(value, 5) }
        let extra = (Int.bitWidth - 1 - value.leadingZeroBitCount) - 1
        code(2 * extra + (value >> extra), 5)
        bits(value & ((1 << extra) - 1), extra)
    }
}
