import GloveboxTables

/// A picture in the one form that the writer makes, read by code that shares nothing with it: RFC 1951 with fixed codes.
struct Unpacked {
    let figure: CheckedFigure

    private var bits: [UInt8] = []
    private var at = 0

    init?(_ bytes: [UInt8]) {
        func number(_ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        let (width, height) = (number(16), number(20))
        // Signature 8, IHDR 25, PLTE 12 + 48; then IDAT up to the 12 bytes of IEND.
        let start = 8 + 25 + 60
        let length = number(start)
        guard bytes.count == start + 12 + length + 12, bytes[24...25] == [4, 3],
            bytes[start + 8...start + 9] == [0x78, 1]
        else { return nil }
        let data = bytes[start + 10..<start + 8 + length - 4]
        let packed = data.flatMap { byte in (0..<8).map { byte >> $0 & 1 } }
        guard let raw = Self.inflate(packed) else { return nil }
        let row = 1 + (width + 1) / 2
        guard raw.count == row * height else { return nil }
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let byte = raw[y * row + 1 + x / 2]
                pixels.append(x.isMultiple(of: 2) ? byte >> 4 : byte & 15)
            }
        }
        figure = CheckedFigure(width: width, height: height, pixels: pixels)
    }

    private static func inflate(_ bits: [UInt8]) -> [UInt8]? {
        var at = 3
        func take(_ count: Int) -> Int {
            var value = 0
            for index in 0..<count { value |= Int(bits[at + index]) << index }
            at += count
            return value
        }
        func code(_ width: Int) -> Int { (0..<width).reduce(0) { value, _ in value << 1 | take(1) } }
        guard bits[..<3] == [1, 1, 0] else { return nil }
        var out: [UInt8] = []
        while true {
            var value = code(7)
            var symbol = 256 + value
            if value > 0b0010111 {
                value = value << 1 | take(1)
                if value < 0b1100_0000 {
                    symbol = value - 0b0011_0000
                } else if value < 0b1100_1000 {
                    symbol = 280 + value - 0b1100_0000
                } else {
                    symbol = 144 + (value << 1 | take(1)) - 0b1_1001_0000
                }
            }
            if symbol == 256 { return out }
            guard symbol > 256 else {
                out.append(UInt8(symbol))
                continue
            }
            let bases = [
                3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
                227, 258,
            ]
            let index = symbol - 257
            let extra = index < 8 || index == 28 ? 0 : index / 4 - 1
            let length = bases[index] + take(extra)
            let distances = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769]
            let near = code(5)
            let distance = distances[near] + take(near < 4 ? 0 : near / 2 - 1)
            for _ in 0..<length { out.append(out[out.count - distance]) }
        }
    }
}
