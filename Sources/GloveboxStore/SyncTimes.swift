/// How long the disk took to make durable what was written to it.
package struct SyncTimes: Sendable {
    /// Upper bounds, in seconds; everything is below the last, which is not written down.
    package static let bounds = [0.0005, 0.002, 0.01, 0.05, 0.25, 1]

    /// How many times each bound is the least of.
    package private(set) var counts = [UInt64](repeating: 0, count: bounds.count)
    /// All of them together, in seconds.
    package private(set) var sum = 0.0
    /// How many there are.
    package private(set) var number: UInt64 = 0

    /// None yet.
    package init() {}

    /// Takes in one, in nanoseconds.
    package mutating func add(_ nanoseconds: UInt64) {
        let seconds = Double(nanoseconds) / 1e9
        if let place = Self.bounds.firstIndex(where: { seconds <= $0 }) { counts[place] += 1 }
        sum += seconds
        number += 1
    }
}
