internal import GloveboxCore
internal import GloveboxPolicy
internal import GloveboxTables

extension ModelGate {
    /// What the supervisor finds when it runs a model itself.
    struct Examination {
        private let request: OpaqueGate.Request
        private let model: CheckedModel
        private let layout: ModelLayout
        /// Mean score of each unit that the job saw, and of each that it did not.
        private let members: [Double]
        private let others: [Double]
        /// Number of units of each true code, and of each predicted one, among those that the job saw.
        private let classes: [UInt16: Int]
        private let predictions: [Int: Int]
        private let units: Int

        init(_ request: OpaqueGate.Request, run: ModelRun, model: CheckedModel, layout: ModelLayout) {
            (self.request, self.model, self.layout) = (request, model, layout)
            let table = request.table
            let lookup = table.unitLookup
            func unit(_ row: Int) -> Int { lookup.map { Int($0[row]) } ?? row }
            var classes: [UInt16: Set<Int>] = [:]
            var predictions: [Int: Set<Int>] = [:]
            func score(_ rows: [Int], counts: Bool) -> [Double] {
                var sums: [Int: (sum: Double, rows: Int)] = [:]
                for row in rows {
                    guard let prediction = run.predict(table, row: row) else { continue }
                    sums[unit(row), default: (0, 0)].sum -= prediction.loss
                    sums[unit(row), default: (0, 0)].rows += 1
                    guard counts, case .codes(let codes) = table.columns[layout.target] else { continue }
                    classes[codes[row], default: []].insert(unit(row))
                    predictions[Self.code(prediction.outputs, layout.kind), default: []].insert(unit(row))
                }
                return sums.values.map { $0.sum / Double($0.rows) }
            }
            members = score(request.holdout.shown, counts: true)
            others = score(request.holdout.withheld, counts: false)
            self.classes = classes.mapValues(\.count)
            self.predictions = predictions.mapValues(\.count)
            units = Set(request.holdout.shown.map(unit)).count
        }

        // The code that a model says: the greatest score, or, for two codes, whether the one score is above zero.
        private static func code(_ outputs: [UInt64], _ kind: ModelLayout.Target) -> Int {
            let scores = outputs.map { Double(bitPattern: $0) }
            if kind == .twoCodes { return scores[0] > 0 ? 1 : 0 }
            return scores.indices.max { scores[$0] < scores[$1] } ?? 0
        }

        /// All of them.
        func findings(limit: DeclaredOutput.ParameterLimit?) -> [Finding] {
            let checks = request.policy.checks
            var findings: [Finding] = []
            if let check = checks.membership { findings += membership(check) }
            if let check = checks.structural { findings.append(structural(check, limit)) }
            if let check = checks.memorisation { findings += memorisation(check) }
            return findings
        }

        private func membership(_ check: MembershipCheck) -> [Finding] {
            let parameters: JSONValue = [
                "max_auc_ucl99": .string(check.maxAUC.text), "fpr": .string(check.falsePositiveRate.text),
                "max_tpr_ucl99": .string(check.maxTruePositiveRate.text), "members": .integer(Int64(members.count)),
                "withheld": .integer(Int64(others.count)),
            ]
            guard !members.isEmpty, !others.isEmpty else {
                return [Finding("membership", .fail, detail: "no unit can be scored", parameters: parameters)]
            }
            let test = MembershipTest(
                members: members,
                others: others,
                falsePositiveRate: check.falsePositiveRate.approximate
            )
            let fails =
                test.areaLimit > check.maxAUC.approximate || !test.areaLimit.isFinite
                || test.truePositiveLimit > check.maxTruePositiveRate.approximate
            let text =
                "AUC \(Finding.thousandths(test.area)), at most \(Finding.thousandths(test.areaLimit)); TPR"
                + " \(Finding.thousandths(test.truePositiveRate)), at most \(Finding.thousandths(test.truePositiveLimit))"
            guard others.count >= 100 || fails else {
                return [
                    Finding("membership", .review, detail: text + "; too few withheld units", parameters: parameters)
                ]
            }
            return [Finding("membership", fails ? .fail : .pass, detail: text, parameters: parameters)]
        }

        private func structural(_ check: StructuralCheck, _ limit: DeclaredOutput.ParameterLimit?) -> Finding {
            let parameters = Int64(model.parameterCount)
            let greatest: Int64 =
                switch limit {
                case .fixed(let count): count
                case .unitsMinus(let count): Int64(units) - count
                case nil: 0
                }
            var faults: [String] = []
            if parameters > greatest { faults.append("\(parameters) parameters, of \(greatest)") }
            let freedom = Int64(units) - parameters
            if freedom < check.minDegreesOfFreedom { faults.append("\(freedom) degrees of freedom") }
            let smallest = [classes.values.min(), predictions.values.min()].map { $0.map(Int64.init) ?? .max }
            if smallest[0] < check.minEquivalenceClass { faults.append("a code with \(smallest[0]) units") }
            if smallest[1] < check.minEquivalenceClass { faults.append("a prediction for \(smallest[1]) units") }
            return Finding(
                "structural",
                faults.isEmpty ? .pass : .fail,
                detail: faults.joined(separator: ", "),
                parameters: [
                    "min_equivalence_class": .integer(check.minEquivalenceClass),
                    "min_dof": .integer(check.minDegreesOfFreedom), "parameters": .integer(parameters),
                    "units": .integer(Int64(units)),
                ]
            )
        }

        private func memorisation(_ check: MemorisationCheck) -> [Finding] {
            // Also the withheld rows: a job that had them from elsewhere would copy them all the same.
            let all = request.holdout.shown + request.holdout.withheld
            let test = CopyTest(request.table, rows: all, inputs: layout.inputs)
            let leak = LeakedNumbers(request.table, rows: all)
            var (columns, rows, numbers): (Set<String>, Set<String>, Set<String>) = ([], [], [])
            for tensor in model.tensors {
                for line in Self.lines(tensor) {
                    if !test.copiedColumns(line.values).isEmpty { columns.insert(tensor.name) }
                    if line.isRow, test.isRow(line.values) { rows.insert(tensor.name) }
                    if leak.isPart(line.values) { numbers.insert(tensor.name) }
                }
            }
            func finding(_ id: String, _ names: Set<String>, _ treatment: Treatment, _ what: String) -> Finding {
                let outcome: Finding.Outcome = names.isEmpty ? .pass : treatment == .reject ? .fail : .review
                let detail = names.isEmpty ? "" : what + names.sorted().joined(separator: ", ")
                return Finding(id, outcome, detail: detail)
            }
            return [
                finding("memorisation", columns, check.columnCopy, "a private column stands in "),
                finding("memorisation", rows, check.rowCopy, "a private row stands in "),
                finding("row_leak", numbers, .reject, "numbers of one private row stand in "),
            ]
        }

        /// The rows and columns of a tensor, its last dimension across, and the whole of it.
        private static func lines(_ tensor: CheckedModel.Tensor) -> [(values: [Double], isRow: Bool)] {
            let values = tensor.values
            let width = tensor.shape.last ?? 1
            let height = values.count / width
            var lines = (0..<height).map { (values: Array(values[$0 * width..<($0 + 1) * width]), isRow: true) }
            guard height > 1 else { return lines }
            lines += (0..<width).map { column in
                (stride(from: column, to: values.count, by: width).map { values[$0] }, isRow: true)
            }
            return lines + [(values, isRow: false)]
        }
    }
}

extension ExactDecimal {
    /// The nearest double: for comparisons with statistics, which are doubles themselves.
    var approximate: Double {
        var scale = 1.0
        for _ in 0..<abs(exponent) { scale *= 10 }
        return exponent < 0 ? Double(mantissa) / scale : Double(mantissa) * scale
    }
}

extension Finding {
    /// A number between -10^6 and 10^6 with three decimals.
    static func thousandths(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e6 else { return "none" }
        return ExactDecimal(mantissa: Int128((value * 1000).rounded()), exponent: -3).text
    }
}
