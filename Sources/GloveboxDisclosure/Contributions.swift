/// What the units of one set contribute to a sum: how many, the sum, and the largest.
package struct Contributions: Hashable, Sendable {
    /// The number of contributors.
    package private(set) var count = 0
    /// The sum.
    package private(set) var total: Int128 = 0
    /// The largest contributions, falling; at most as many as are kept.
    package private(set) var largest: [Int64] = []
    /// Whether one of them is below zero.
    package private(set) var hasNegative = false
    private let kept: Int

    /// As many as any rule of a policy may ask for.
    static let kept = 10

    /// Starts with no contributor; the `keeping` largest are told apart.
    package init(keeping kept: Int) { self.kept = kept }

    /// Gathers contributions.
    package init(_ values: some Sequence<Int64>, keeping kept: Int) {
        self.init(keeping: kept)
        for value in values { add(value) }
    }

    /// Adds a contributor.
    package mutating func add(_ value: Int64) {
        count += 1
        total += Int128(value)
        if value < 0 { hasNegative = true }
        guard largest.count < kept || value > (largest.last ?? Int64.max) else { return }
        largest.insert(value, at: largest.firstIndex { $0 < value } ?? largest.count)
        if largest.count > kept { largest.removeLast() }
    }

    /// The sum of the `n` largest.
    ///
    /// Contributors that are not there count as zero.
    func sum(ofLargest n: Int) -> Int128 { largest.prefix(n).reduce(0) { $0 + Int128($1) } }
}
