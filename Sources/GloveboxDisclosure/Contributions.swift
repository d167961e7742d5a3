/// What the units of one set contribute to a sum: how many, the sum, and the largest.
package struct Contributions: Hashable, Sendable {
    /// The number of contributors.
    package private(set) var count = 0
    /// The sum.
    package private(set) var total: Int128 = 0
    /// The largest contributions, falling; at most as many as are kept.
    package private(set) var largest: [Int64] = []
    /// How many of them are below zero.
    private(set) var negatives = 0
    private let kept: Int

    /// Whether one of them is below zero.
    package var hasNegative: Bool { negatives > 0 }

    /// As many as any rule of a policy may ask for.
    static let kept = 10

    /// Starts with no contributor; the `keeping` largest are told apart.
    package init(keeping kept: Int) { self.kept = kept }

    /// Gathers contributions.
    package init(_ values: some Sequence<Int64>, keeping kept: Int) {
        self.init(keeping: kept)
        for value in values { add(value) }
    }

    /// Adds a contributor, or several who contribute the same.
    package mutating func add(_ value: Int64, times: Int = 1) {
        count += times
        total += Int128(value) * Int128(times)
        if value < 0 { negatives += times }
        for _ in 0..<min(times, kept) { keep(value) }
    }

    /// Counts contributors of whom the number, the sum and the number below zero are known; the largest of them are for
    /// the caller to ``keep(_:)``.
    mutating func count(_ more: Int, total sum: Int128, negatives below: Int) {
        count += more
        total += sum
        negatives += below
    }

    /// Whether a contribution of that size would be among the largest.
    func wouldKeep(_ value: Int64) -> Bool { largest.count < kept || value > (largest.last ?? Int64.max) }

    /// Puts a contribution that is counted already among the largest, if it is one of them.
    mutating func keep(_ value: Int64) {
        guard wouldKeep(value) else { return }
        largest.insert(value, at: largest.firstIndex { $0 < value } ?? largest.count)
        if largest.count > kept { largest.removeLast() }
    }

    /// The sum of the `n` largest.
    ///
    /// Contributors that are not there count as zero.
    func sum(ofLargest n: Int) -> Int128 { largest.prefix(n).reduce(0) { $0 + Int128($1) } }
}
