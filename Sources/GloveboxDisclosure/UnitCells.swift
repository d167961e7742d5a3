/// What each privacy unit adds to each cell, while rows of one unit may stand anywhere in a file.
///
/// A hash table of plain integers: 8 bytes for a unit in a cell, 16 with a value, twice that at most for room.
struct UnitCells: Sendable {
    /// Whether each unit's values are kept.
    private let hasValues: Bool
    private var keys: [UInt64]
    private var values: [Int64]
    private(set) var count = 0

    // No unit has this number: units are counted from 0 and there are fewer than 2^32 - 1.
    private static let free = UInt64.max

    init(hasValues: Bool) {
        self.hasValues = hasValues
        keys = [UInt64](repeating: Self.free, count: 1024)
        values = hasValues ? [Int64](repeating: 0, count: 1024) : []
    }

    /// Adds to what a unit has in a cell; false when the sum does not fit 64 bits.
    mutating func add(_ unit: UInt32, _ cell: UInt32, _ value: Int64, keepsLargest: Bool) -> Bool {
        let key = UInt64(unit) << 32 | UInt64(cell)
        let slot = slot(of: key)
        guard keys[slot] == key else {
            keys[slot] = key
            if hasValues { values[slot] = value }
            count += 1
            if count * 4 > keys.count * 3 { grow() }
            return true
        }
        guard hasValues else { return true }
        let (sum, overflow) = values[slot].addingReportingOverflow(value)
        values[slot] = keepsLargest ? max(values[slot], value) : sum
        return keepsLargest || !overflow
    }

    /// All of it, by rising unit, then cell.
    consuming func sorted() -> [CellCounts.Membership] {
        var all: [CellCounts.Membership] = []
        all.reserveCapacity(count)
        for slot in keys.indices where keys[slot] != Self.free {
            let key = keys[slot]
            all.append(
                CellCounts.Membership(
                    unit: UInt32(key >> 32),
                    cell: UInt32(truncatingIfNeeded: key),
                    value: hasValues ? values[slot] : 0
                )
            )
        }
        keys = []
        values = []
        all.sort { ($0.unit, $0.cell) < ($1.unit, $1.cell) }
        return all
    }

    private func slot(of key: UInt64) -> Int {
        let mask = keys.count - 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 20) & mask
        while keys[slot] != key, keys[slot] != Self.free { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let (oldKeys, oldValues) = (keys, values)
        keys = [UInt64](repeating: Self.free, count: oldKeys.count * 2)
        values = hasValues ? [Int64](repeating: 0, count: keys.count) : []
        for old in oldKeys.indices where oldKeys[old] != Self.free {
            let slot = slot(of: oldKeys[old])
            keys[slot] = oldKeys[old]
            if hasValues { values[slot] = oldValues[old] }
        }
    }
}
