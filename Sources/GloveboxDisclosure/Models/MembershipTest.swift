internal import Glibc

/// How well the scores of a model tell members of its training data from others.
///
/// Source: release policy section 11, steps 3 and 4; Hanley and McNeil, The meaning and use of the area under a receiver
/// operating characteristic curve (1982); Clopper and Pearson (1934).
package struct MembershipTest: Hashable, Sendable {
    /// The area under the curve: the share of pairs in which the member has the higher score, ties counted half.
    package let area: Double
    /// max(area, 1 - area) plus 2.5758 standard errors: an upper limit at 99 %.
    package let areaLimit: Double
    /// The share of members at or above the lowest threshold that at most `fpr` of the others reach.
    package let truePositiveRate: Double
    /// Its one-sided upper limit at 99 %.
    package let truePositiveLimit: Double

    private static let quantile = 2.5758

    /// Compares the scores of members and others; neither may be empty, and a higher score means a better fit.
    package init(members: [Double], others: [Double], falsePositiveRate: Double) {
        precondition(!members.isEmpty && !others.isEmpty, "no scores")
        let (n1, n0) = (Double(members.count), Double(others.count))
        let sorted = others.sorted()
        var wins = 0.0
        for score in members {
            let (below, upTo) = (Self.count(in: sorted, below: score), Self.count(in: sorted, upTo: score))
            wins += Double(below) + Double(upTo - below) / 2
        }
        area = wins / (n1 * n0)
        let a = max(area, 1 - area)
        let (q1, q2) = (a / (2 - a), 2 * a * a / (1 + a))
        let variance = (a * (1 - a) + (n1 - 1) * (q1 - a * a) + (n0 - 1) * (q2 - a * a)) / (n1 * n0)
        areaLimit = a + Self.quantile * max(0, variance).squareRoot()
        // At most so many others may reach the threshold, so it lies just above the next one below them.
        let allowed = Int((falsePositiveRate * n0 + 1e-9).rounded(.down))
        let positives: Int
        if allowed >= sorted.count {
            positives = members.count
        } else {
            let highest = sorted[sorted.count - 1 - allowed]
            positives = members.count { $0 > highest }
        }
        truePositiveRate = Double(positives) / n1
        truePositiveLimit = Self.upperLimit(positives, of: members.count)
    }

    private static func count(in sorted: [Double], below score: Double) -> Int {
        partition(sorted) { $0 < score }
    }

    private static func count(in sorted: [Double], upTo score: Double) -> Int {
        partition(sorted) { $0 <= score }
    }

    private static func partition(_ sorted: [Double], _ isBefore: (Double) -> Bool) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(sorted[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The largest p with P[X <= successes] >= 1 % for X binomial with `trials` and p.
    static func upperLimit(_ successes: Int, of trials: Int, alpha: Double = 0.01) -> Double {
        guard successes < trials else { return 1 }
        var (low, high) = (Double(successes) / Double(trials), 1.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if tail(successes, trials, middle) >= alpha { low = middle } else { high = middle }
        }
        return high
    }

    private static func tail(_ successes: Int, _ trials: Int, _ p: Double) -> Double {
        let n = Double(trials)
        return (0...successes).reduce(0) { sum, count in
            let k = Double(count)
            let choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
            return sum + exp(choose + k * log(p) + (n - k) * log1p(-p))
        }
    }
}
