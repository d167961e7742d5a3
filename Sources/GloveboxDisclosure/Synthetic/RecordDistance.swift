internal import GloveboxPolicy

/// How near made-up rows lie to rows that the job saw, against rows that it did not see.
///
/// Gower's distance: the mean over columns of 0 or 1 for codes, and of the difference over the declared span for numbers.
/// Source: Gower, A general coefficient of similarity (1971); release policy section 12 (b).
struct RecordDistance {
    private let columns: [DatasetColumn]
    private let spans: [Double?]

    init(_ columns: [DatasetColumn]) {
        self.columns = columns
        spans = columns.map { column in
            guard case .number(let number) = column.type else { return nil }
            return Double(number.bounds.upperBound - number.bounds.lowerBound)
        }
    }

    /// The 5th percentile of the distances to the nearest shown row over that to the nearest withheld row.
    ///
    /// Both sets have the same size; a ratio well below 1 says that rows were copied.
    func ratio(_ made: [[Int64]], shown: [[Int64]], withheld: [[Int64]]) -> Double {
        let (near, far) = (percentile(made, shown), percentile(made, withheld))
        return far > 0 ? near / far : 1
    }

    private func percentile(_ made: [[Int64]], _ real: [[Int64]]) -> Double {
        let distances = made.map { row in real.reduce(Double.infinity) { min($0, distance(row, $1, below: $0)) } }
            .sorted()
        return distances[(distances.count - 1) / 20]
    }

    private func distance(_ left: [Int64], _ right: [Int64], below limit: Double) -> Double {
        var sum = 0.0
        let bound = limit * Double(spans.count)
        for index in spans.indices where left[index] != right[index] {
            if let span = spans[index], left[index] != SyntheticRows.missing, right[index] != SyntheticRows.missing {
                sum += abs(Double(left[index]) - Double(right[index])) / span
            } else {
                sum += 1
            }
            if sum >= bound { return limit }
        }
        return sum / Double(spans.count)
    }
}
