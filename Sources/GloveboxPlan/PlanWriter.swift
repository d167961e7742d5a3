/// Writes the binary form of a plan: little-endian integers, byte strings with a 32-bit length before them.
struct PlanWriter {
    private(set) var bytes: [UInt8] = []

    mutating func integer<Number: FixedWidthInteger>(_ value: Number) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Number(shift)))
        }
    }

    mutating func string(_ value: [UInt8]) {
        integer(UInt32(value.count))
        bytes += value
    }

    mutating func integers(_ values: [UInt32]) {
        integer(UInt32(values.count))
        for value in values { integer(value) }
    }

    mutating func strings(_ values: [[UInt8]]) {
        integer(UInt32(values.count))
        for value in values { string(value) }
    }
}
