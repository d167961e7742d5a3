/// A list of durations in nanoseconds.
package struct Latencies: Sendable {
    private var list: [UInt64] = []

    /// None yet.
    package init() {}

    /// How many there are.
    package var count: Int { list.count }

    /// Adds one.
    package mutating func add(_ nanoseconds: UInt64) { list.append(nanoseconds) }

    /// Adds others.
    package mutating func add(_ others: Latencies) { list += others.list }

    /// The duration that so many of a hundred do not exceed; 0 when there is none.
    package func percentile(_ share: Int) -> UInt64 {
        let sorted = list.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * share / 100)]
    }
}
