/// Raw DEFLATE and gzip, bounded: hostile bytes may claim any length.
///
/// Source: RFC 1951, RFC 1952.
enum Inflate {
    /// The first gzip member at a place, unpacked to at most `limit` bytes; what is damaged after some good bytes gives
    /// those bytes, and nil stands for none.
    static func gzip(_ bytes: [UInt8], at start: Int, limit: Int) -> [UInt8]? {
        var at = start + 10
        guard at <= bytes.count, bytes[start] == 0x1f, bytes[start + 1] == 0x8b, bytes[start + 2] == 8 else {
            return nil
        }
        let flags = bytes[start + 3]
        func skipText() {
            while at < bytes.count, bytes[at] != 0 { at += 1 }
            at += 1
        }
        if flags & 4 != 0 {
            guard at + 2 <= bytes.count else { return nil }
            at += 2 + Int(bytes[at]) + Int(bytes[at + 1]) << 8
        }
        if flags & 8 != 0 { skipText() }
        if flags & 16 != 0 { skipText() }
        if flags & 2 != 0 { at += 2 }
        guard at < bytes.count else { return nil }
        var stream = Stream(bytes: bytes, at: at, limit: limit)
        stream.run()
        return stream.out.isEmpty ? nil : stream.out
    }

    private struct Huffman {
        private var counts = [Int](repeating: 0, count: 16)
        private var symbols: [Int]

        init(_ lengths: [UInt8]) {
            for length in lengths { counts[Int(length)] += 1 }
            var offsets = [Int](repeating: 0, count: 16)
            for length in 1..<15 { offsets[length + 1] = offsets[length] + counts[length] }
            symbols = [Int](repeating: 0, count: lengths.count)
            for (symbol, length) in lengths.enumerated() where length != 0 {
                symbols[offsets[Int(length)]] = symbol
                offsets[Int(length)] += 1
            }
        }

        func decode(_ stream: inout Stream) -> Int? {
            var (code, first, index) = (0, 0, 0)
            for length in 1...15 {
                guard let bit = stream.take(1) else { return nil }
                code |= bit
                if code - counts[length] < first {
                    let place = index + code - first
                    return symbols.indices.contains(place) ? symbols[place] : nil
                }
                index += counts[length]
                first = (first + counts[length]) << 1
                code <<= 1
            }
            return nil
        }
    }

    private struct Stream {
        let bytes: [UInt8]
        var at: Int
        let limit: Int
        var out: [UInt8] = []
        private var buffer = 0
        private var left = 0

        init(bytes: [UInt8], at: Int, limit: Int) { (self.bytes, self.at, self.limit) = (bytes, at, limit) }

        mutating func take(_ count: Int) -> Int? {
            while left < count {
                guard at < bytes.count else { return nil }
                buffer |= Int(bytes[at]) << left
                at += 1
                left += 8
            }
            defer {
                buffer >>= count
                left -= count
            }
            return buffer & ((1 << count) - 1)
        }

        /// Unpacks blocks until the last, an error or the limit.
        mutating func run() {
            while out.count < limit {
                guard let isLast = take(1), let kind = take(2) else { return }
                let goes: Bool
                switch kind {
                case 0: goes = stored()
                case 1: goes = codes(Self.fixed.literals, Self.fixed.distances)
                case 2: goes = dynamic()
                default: goes = false
                }
                if !goes || isLast == 1 { return }
            }
        }

        private mutating func stored() -> Bool {
            (buffer, left) = (0, 0)
            guard at + 4 <= bytes.count else { return false }
            let length = Int(bytes[at]) | Int(bytes[at + 1]) << 8
            at += 4
            let end = min(at + length, bytes.count)
            out += bytes[at..<end].prefix(limit - out.count)
            at = end
            return end < bytes.count
        }

        private static let fixed = (
            literals: Huffman(
                [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
                    + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8)
            ), distances: Huffman([UInt8](repeating: 5, count: 30))
        )
        private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

        private mutating func dynamic() -> Bool {
            guard let literals = take(5), let distances = take(5), let codes = take(4), literals <= 29 else {
                return false
            }
            var lengths = [UInt8](repeating: 0, count: 19)
            for index in 0..<codes + 4 {
                guard let length = take(3) else { return false }
                lengths[Self.order[index]] = UInt8(length)
            }
            let code = Huffman(lengths)
            let total = literals + 257 + distances + 1
            var all: [UInt8] = []
            while all.count < total {
                guard let symbol = code.decode(&self) else { return false }
                switch symbol {
                case 16:
                    guard let last = all.last, let more = take(2) else { return false }
                    all += [UInt8](repeating: last, count: more + 3)
                case 17:
                    guard let more = take(3) else { return false }
                    all += [UInt8](repeating: 0, count: more + 3)
                case 18:
                    guard let more = take(7) else { return false }
                    all += [UInt8](repeating: 0, count: more + 11)
                default: all.append(UInt8(symbol))
                }
            }
            guard all.count == total else { return false }
            return self.codes(Huffman(Array(all[..<(literals + 257)])), Huffman(Array(all[(literals + 257)...])))
        }

        private mutating func codes(_ literals: Huffman, _ distances: Huffman) -> Bool {
            while out.count < limit {
                guard let symbol = literals.decode(&self) else { return false }
                if symbol < 256 {
                    out.append(UInt8(symbol))
                    continue
                }
                if symbol == 256 { return true }
                guard symbol < 286, let length = extended(symbol - 257, Self.lengths, Self.lengthBits),
                    let slot = distances.decode(&self), slot < 30,
                    let distance = extended(slot, Self.distances, Self.distanceBits), distance <= out.count
                else { return false }
                for _ in 0..<min(length, limit - out.count) { out.append(out[out.count - distance]) }
            }
            return false
        }

        private mutating func extended(_ slot: Int, _ base: [Int], _ bits: [Int]) -> Int? {
            take(bits[slot]).map { base[slot] + $0 }
        }

        private static let lengths = [
            3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
            227,
            258,
        ]
        private static let lengthBits = [
            0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
        ]
        private static let distances = [
            1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
            6145, 8193, 12289, 16385, 24577,
        ]
        private static let distanceBits = [
            0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
        ]
    }
}
