/// Reads the binary form of a plan; anything out of bounds makes the whole plan unreadable.
struct PlanReader {
    private let bytes: [UInt8]
    private var at = 0
    private(set) var failed = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var atEnd: Bool { !failed && at == bytes.count }

    mutating func fail() { failed = true }

    mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
        let width = Number.bitWidth / 8
        guard !failed, bytes.count - at >= width else {
            failed = true
            return 0
        }
        var value: Number = 0
        for offset in 0..<width { value |= Number(truncatingIfNeeded: bytes[at + offset]) << Number(8 * offset) }
        at += width
        return value
    }

    /// Reads bytes; `text` forbids NUL, which would end a C string early.
    mutating func string(text: Bool = true) -> [UInt8] {
        let count = Int(integer(UInt32.self))
        guard !failed, count <= 1 << 20, bytes.count - at >= count else {
            failed = true
            return []
        }
        let out = Array(bytes[at..<at + count])
        if text, out.contains(0) { failed = true }
        at += count
        return out
    }

    /// Reads a count of elements that each take at least one byte.
    mutating func count() -> Int {
        let count = Int(integer(UInt32.self))
        guard !failed, count <= bytes.count - at else {
            failed = true
            return 0
        }
        return count
    }

    mutating func integers() -> [UInt32] {
        var out: [UInt32] = []
        for _ in 0..<count() where !failed { out.append(integer(UInt32.self)) }
        return out
    }

    mutating func strings() -> [[UInt8]] {
        var out: [[UInt8]] = []
        for _ in 0..<count() where !failed { out.append(string()) }
        return out
    }
}
