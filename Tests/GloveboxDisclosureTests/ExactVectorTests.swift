import Foundation
import GloveboxDisclosure
import GloveboxTables
import Testing

/// Values of published tools and books about rounding and suppression.
@Suite struct ExactVectorTests {
    @Test func `significant digits agree with exact fractions`() throws {
        let vectors = try VectorTests.all("significant_digits")
        for vector in vectors {
            let text = try #require(vector.input["value"] as? String)
            let value = try #require(ExactDecimal(csvText: text.utf8))
            let digits = try #require(vector.params["significant"] as? Int)
            #expect(Ratio(value).rounded(significantDigits: digits).text == vector.expected["text"] as? String)
        }
    }

    @Test func `what totals tell about suppressed cells agrees with a linear program`() throws {
        let vectors = try VectorTests.all("suppression_audit")
        for vector in vectors {
            let table = try #require(vector.input["table"] as? [[Any]])
            let cells = table.indices.flatMap { row in
                table[row].indices.filter { !(table[row][$0] is NSNumber) }.map { [row, $0] }
            }
            func equation(_ total: Any?, _ holds: ([Int]) -> Bool) -> SuppressionAudit.Equation? {
                guard let total = (total as? NSNumber)?.intValue else { return nil }
                var known = 0
                for row in table.indices {
                    for column in table[row].indices where holds([row, column]) {
                        known += (table[row][column] as? NSNumber)?.intValue ?? 0
                    }
                }
                return .init(cells: cells.indices.filter { holds(cells[$0]) }, sum: Int64(total - known))
            }
            let rows = vector.input["row_totals"] as? [Any] ?? []
            let columns = vector.input["col_totals"] as? [Any] ?? []
            var equations = rows.indices.map { row in equation(rows[row]) { $0[0] == row } }
            equations += columns.indices.map { column in equation(columns[column]) { $0[1] == column } }
            equations.append(equation(vector.input["grand_total"]) { _ in true })
            let audit = SuppressionAudit(unknowns: cells.count, equations: equations.compactMap { $0 })
            let ranges = try #require(audit.ranges)
            let expected = try #require(vector.expected["bounds"] as? [[NSNumber]])
            #expect(ranges.count == expected.count)
            for (range, bounds) in zip(ranges, expected) {
                #expect(range.least == Ratio(BigInteger(bounds[2].int64Value)), "\(vector.id)")
                #expect(range.greatest == Ratio(BigInteger(bounds[3].int64Value)), "\(vector.id)")
            }
            #expect(
                audit.recoverable.sorted().map { cells[$0] } == vector.expected["exactly_recoverable"] as? [[Int]]
            )
        }
    }

    @Test func `totals rounded by themselves undo the rounding, as published`() throws {
        let vectors = try VectorTests.all("rounding_audit")
        for vector in vectors {
            let cells = try #require(vector.input["rounded_cells"] as? [Int])
            let total = try #require(vector.input["rounded_total"] as? Int)
            let half = (try #require(vector.params["base"] as? Int) - 1) / 2
            // One slack for each end: x - a = low, x + b = high; the same for the sum.
            let count = cells.count
            let width = count + 2 * (count + 1)
            var rows: [[BigInteger]] = []
            for (index, rounded) in (cells + [total]).enumerated() {
                for (side, bound) in [max(0, rounded - half), rounded + half].enumerated() {
                    var row = [BigInteger](repeating: .zero, count: width + 1)
                    for cell in index == count ? Array(0..<count) : [index] { row[cell] = .one }
                    row[count + 2 * index + side] = BigInteger(side == 0 ? -1 : 1)
                    row[width] = BigInteger(bound)
                    rows.append(row)
                }
            }
            var simplex = try #require(ExactSimplex(rows, unknowns: width))
            let expected = try #require(vector.expected["feasible"] as? [[Int]])
            for cell in 0..<count {
                let range = simplex.range(of: cell)
                #expect(range.least == Ratio(BigInteger(expected[cell][0])), "\(vector.id)")
                #expect(range.greatest == Ratio(BigInteger(expected[cell][1])), "\(vector.id)")
            }
        }
    }

    @Test func `means beside rounded counts give the counts away, and fewer digits do not`() throws {
        for vector in try VectorTests.all("mean_from_unrounded_attack") {
            let means = try #require(vector.input["published_means"] as? [Double])
            let counts = try #require(vector.input["perturbed_counts"] as? [Int])
            let exact = try #require(vector.expected["consistent_counts"] as? [[Int]]).first ?? []
            let audit = MeanAudit(try VectorTests.rounding("nearest", 5), minUnits: 1)
            let single = MeanAudit(try VectorTests.rounding("nearest", 1), minUnits: 1)
            for (index, mean) in means.enumerated() {
                // The exact mean is a whole sum over the exact count.
                let sum = (mean * Double(exact[index])).rounded()
                let ratio = Ratio(BigInteger(Int(sum)), BigInteger(exact[index]))
                let shown = ratio.rounded(significantDigits: 12)
                let fitting = (counts[index] - 2...counts[index] + 2).filter {
                    single.fits(count: Int64($0), mean: shown, digits: 12, decimals: 0) == 1
                }
                #expect(fitting == [exact[index]])
                let digits = try #require(audit.digits([(Int64(exact[index]), ratio)], atMost: 12, decimals: 0))
                #expect(digits < 12)
            }
        }
    }

    @Test func `a mean beside a count that fewer than three counts round to does not leave`() throws {
        let mean = Ratio(BigInteger(25), BigInteger(2))
        // Of ten and more, ten alone rounds to eight; ten, eleven and twelve round to ten.
        let cells: [(rounding: Int, count: Int64, digits: Int?)] = [(4, 10, nil), (1, 20, nil), (5, 10, 1)]
        for cell in cells {
            let audit = MeanAudit(try VectorTests.rounding("nearest", cell.rounding), minUnits: 10)
            #expect(audit.digits([(cell.count, mean)], atMost: 1, decimals: 0) == cell.digits, "\(cell)")
        }
    }

    @Test func `linked tables give published differences`() throws {
        for vector in try VectorTests.all("linking") {
            func number(_ name: String) throws -> Int { try #require(vector.input[name] as? Int) }
            let both = try number("living_and_working")
            let totals = [
                "live_work_elsewhere": try number("employed") - both,
                "work_live_elsewhere": try number("working_in_area") - both,
            ]
            #expect(totals == vector.expected["totals"] as? [String: Int])
            let males = try #require(vector.input["males"] as? [String: Int])
            let females = try #require(vector.expected["females"] as? [String: Int])
            for (name, total) in totals.merging(["live_and_work": both], uniquingKeysWith: { a, _ in a }) {
                let difference = total - (males[name] ?? 0)
                #expect(difference == females[name])
                #expect(Differencing.isUnsafe(Int64(total), Int64(males[name] ?? 0), minimum: 10))
            }
        }
    }
}
