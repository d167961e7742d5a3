internal import GloveboxPolicy
internal import GloveboxTables

/// The regression that leaves: a rounded number of units, what follows from it, and rounded coefficients.
struct ReleasedRegression {
    private let fit: Regression
    private let exact: [Ratio]
    private let rounding: RoundingRules
    private let coefficients: [ExactDecimal]
    private let units: Int64
    // Of the rounded number of units, since the exact ones would give the exact number away.
    private let degreesOfFreedom: Int64

    // A coefficient's first digit stands in one of so many places around the point.
    private static let places = -30...30

    /// Rounds a fit; nil when there is none, or when a coefficient is too large or small to be one.
    init?(_ fit: Regression, _ rounding: RoundingRules) {
        guard let exact = fit.coefficients else { return nil }
        (self.fit, self.exact, self.rounding) = (fit, exact, rounding)
        let digits = Int(rounding.measures.digits)
        coefficients = exact.map { $0.rounded(significantDigits: digits) }
        units = rounding.counts.round(Int64(fit.units))
        degreesOfFreedom = max(0, units - Int64(fit.names.count))
        let fits = coefficients.allSatisfy { number in
            number == .zero || Self.places.contains(String(number.mantissa.magnitude).utf8.count - 1 + number.exponent)
        }
        guard fits else { return nil }
    }

    /// How many values each coefficient can have.
    var domainSizes: [Int64] {
        let mantissas = (1..<rounding.measures.digits).reduce(Int64(9)) { product, _ in product * 10 }
        let size = 2 * mantissas * Int64(Self.places.count) + 1
        return coefficients.map { _ in size }
    }

    /// The canonical bytes: `{coef, dof, n, params, type}`.
    var json: [UInt8] {
        let named = zip(fit.names, coefficients).map { ($0, CheckedTable.Cell($1)) }
        return CheckedRecord([
            "type": .cell(.label("ols")), "n": .cell(.init(ExactDecimal(units))),
            "params": .cell(.init(ExactDecimal(Int64(fit.names.count)))),
            "dof": .cell(.init(ExactDecimal(degreesOfFreedom))),
            "coef": .cells(Dictionary(uniqueKeysWithValues: named)),
        ]).json
    }

    /// The members of a job's object that are missing, extra or wrong.
    ///
    /// A number agrees when it is within 10^-9 of the exact value, relative to that value where it is above 1, or when it
    /// rounds to what is released. Source: release policy section 4, step 7.
    func mismatches(_ claim: CheckerAnswer) -> [String] {
        guard case .record(let record) = claim else { return ["another form than the declared one"] }
        var left = record.members
        var wrong: [String] = []
        func look(_ name: String, _ agrees: (ExactDecimal) -> Bool) {
            guard case .cell(.number(let number, _))? = left.removeValue(forKey: name), agrees(number) else {
                return wrong.append(name)
            }
        }
        if left.removeValue(forKey: "type") != .cell(.label("ols")) { wrong.append("type") }
        look("n") { claimed in
            let number = claimed.scaled(decimals: 0) ?? -1
            return number == Int64(fit.units)
                || (0...Int64(Int32.max)).contains(number) && rounding.counts.round(number) == units
        }
        look("params") { $0 == ExactDecimal(Int64(fit.names.count)) }
        look("dof") { $0 == ExactDecimal(Int64(fit.degreesOfFreedom)) || $0 == ExactDecimal(degreesOfFreedom) }
        guard case .cells(var claimed)? = left.removeValue(forKey: "coef") else {
            return wrong + ["coef"] + left.keys.sorted()
        }
        for (index, name) in fit.names.enumerated() {
            guard case .number(let number, _)? = claimed.removeValue(forKey: name), agrees(number, index) else {
                wrong.append(name)
                continue
            }
        }
        return wrong + claimed.keys.sorted() + left.keys.sorted()
    }

    private func agrees(_ claimed: ExactDecimal, _ index: Int) -> Bool {
        exact[index].isWithinBillionth(of: claimed) || claimed == coefficients[index]
            || Ratio(claimed).rounded(significantDigits: Int(rounding.measures.digits)) == coefficients[index]
    }
}
