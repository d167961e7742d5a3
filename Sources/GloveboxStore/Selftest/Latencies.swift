/// Durations in nanoseconds, counted in classes less than one per cent wide, so that any number of them takes 64 KiB.
package struct Latencies: Sendable {
    private static let significant = 7

    private var counts = [UInt64](repeating: 0, count: 64 << significant)
    /// How many there are.
    package private(set) var count: UInt64 = 0

    /// None yet.
    package init() {}

    /// Adds one.
    package mutating func add(_ nanoseconds: UInt64) {
        counts[Self.place(nanoseconds)] += 1
        count += 1
    }

    /// Adds all of another count.
    package mutating func add(_ other: Latencies) {
        for place in counts.indices { counts[place] += other.counts[place] }
        count += other.count
    }

    /// The duration that so many of a hundred do not exceed; 0 when there is none.
    package func percentile(_ share: UInt64) -> UInt64 {
        var left = count * share / 100
        for (place, count) in counts.enumerated() where count > 0 {
            if count > left { return Self.value(place) }
            left -= count
        }
        return counts.lastIndex { $0 > 0 }.map(Self.value) ?? 0
    }

    /// The number of bits beyond the significant ones, then these without the first, which is set.
    private static func place(_ value: UInt64) -> Int {
        let shift = max(0, 64 - value.leadingZeroBitCount - significant - 1)
        return (shift << significant) + Int(value >> UInt64(shift))
    }

    /// The least value of a class.
    private static func value(_ place: Int) -> UInt64 {
        guard place >= 2 << significant else { return UInt64(place) }
        let shift = (place >> significant) - 1
        return UInt64(place - (shift << significant)) << UInt64(shift)
    }
}
