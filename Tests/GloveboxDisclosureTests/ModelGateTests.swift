import Foundation
import GloveboxCore
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxDisclosure

/// The gate for models on small data: what it measures, and what it refuses.
@Suite struct ModelGateTests {
    private static let capabilities = OpaqueGate.capabilities.union([
        "channel.exit_code", "channel.logs", "channel.release_tick", "channel.pad", "channel.max_runs_per_day",
    ])

    /// Rows of `inputs` random numbers and a random code, which nothing predicts.
    private struct Noise {
        let table: DatasetTable
        let inputPolicy: InputPolicy
        let spec: ModelSpec
        let policy: OutputPolicy

        init(rows: Int, inputs: Int, dtypes: String = "[F32, BF16]") throws {
            let names = (0..<inputs).map { "x\($0)" }
            let columns = names.map { "  - {name: \($0), type: decimal, decimals: 4, min: \"0\", max: \"1\"}" }
            let description = try Bench.description(extra: columns.joined(separator: "\n"))
            inputPolicy = try Bench.input("a, b, " + names.joined(separator: ", "))
            var stream = SeededStream(seed: .zero)
            var csv = "a,b," + names.joined(separator: ",") + "\n"
            for row in 0..<rows {
                let numbers = names.map { _ in "0." + String(String(10_000 + stream.below(10_000)).dropFirst()) }
                csv += "\(stream.below(2) + 1),\(row % 2 + 1)," + numbers.joined(separator: ",") + "\n"
            }
            table = try Bench.table(description, csv)
            let list = names.map { "\"\($0)\"" }.joined(separator: ",")
            spec = try ModelSpec(
                bytes: Array(
                    #"""
                    {"apiVersion":"glovebox/v1","kind":"ModelSpec","dataset":"test","output":"model.safetensors",
                     "family":"logistic","inputs":[\#(list)],"target":"a"}
                    """#
                    .utf8
                )
            )
            let shipped = try String(
                contentsOf: Bench.root.appending(path: "Policies/ml-model.yaml"),
                encoding: .utf8
            )
            policy = try OutputPolicy(Bench.yaml(shipped.replacing("[F32, BF16]", with: dtypes)))
        }

        func request() throws -> OpaqueGate.Request {
            let check = try #require(policy.checks.holdout)
            let holdout = try Holdout(check, of: table, inputPolicy: inputPolicy, seed: .zero)
            return OpaqueGate.Request(
                policy: policy,
                inputPolicy: inputPolicy,
                table: table,
                holdout: holdout,
                projectMillibits: 0
            )
        }

        func inputs(_ row: Int) -> [Double] {
            (2..<table.columns.count).map { column in
                guard case .numbers(let values) = table.columns[column] else { return 0 }
                return Double(values[row]) / 10_000
            }
        }

        /// Weights that fit the rows which the job saw, as far as so many steps go.
        func trained(_ holdout: Holdout, steps: Int) -> [Double] {
            guard case .codes(let codes) = table.columns[0] else { return [] }
            let data = holdout.shown.map { (x: inputs($0) + [1], y: Double(codes[$0])) }
            var weights = [Double](repeating: 0, count: data.first?.x.count ?? 0)
            for _ in 0..<steps {
                var gradient = weights.map { _ in 0.0 }
                for (x, y) in data {
                    let score = zip(x, weights).reduce(0) { $0 + $1.0 * $1.1 }
                    let error = 1 / (1 + exp2(-score * 1.442695)) - y
                    for index in x.indices { gradient[index] += error * x[index] }
                }
                for index in weights.indices { weights[index] -= 0.05 * gradient[index] }
            }
            return weights
        }

        private func exp2(_ value: Double) -> Double {
            // Enough of an exponential for training.
            let whole = value.rounded(.down)
            let rest = (value - whole) * 0.6931471805599453
            let series = 1 + rest * (1 + rest / 2 * (1 + rest / 3 * (1 + rest / 4 * (1 + rest / 5))))
            return series * (whole < 0 ? 1 / power(-whole) : power(whole))
        }

        private func power(_ count: Double) -> Double {
            (0..<Int(min(count, 1000))).reduce(1.0) { value, _ in value * 2 }
        }

        func decide(_ weights: [Double], _ request: OpaqueGate.Request) throws -> Decision {
            let bits = weights.map { Float($0).bitPattern }.map { TensorNumber.canonical($0) ?? 0 }
            let model = CheckedModel([
                .init(name: "weight", shape: [1, bits.count - 1], bits: Array(bits.dropLast())),
                .init(name: "bias", shape: [1], bits: [bits[bits.count - 1]]),
            ])
            return try decide(.model(model), request)
        }

        func decide(_ claim: OpaqueFile.Answer?, _ request: OpaqueGate.Request) throws -> Decision {
            try ModelGate.decide(request, spec: spec, claim: claim, capabilities: ModelGateTests.capabilities)
        }
    }

    private func outcome(_ decision: Decision, _ check: String) -> Finding.Outcome? {
        decision.findings.filter { $0.check == check }.map(\.outcome).max()
    }

    @Test func `a model that learnt nobody by heart goes to people, and never out by itself`() throws {
        let noise = try Noise(rows: 2000, inputs: 4)
        let request = try noise.request()
        #expect(request.holdout.withheld.count == 500 && request.holdout.shown.count == 1500)
        let decision = try noise.decide(noise.trained(request.holdout, steps: 3), request)
        #expect(decision.outcome == .review, "\(decision.findings)")
        #expect(decision.reasons == ["under-review"] && decision.files.count == 1)
        // Five numbers of sixteen bits, three states, three lengths.
        #expect(decision.millibits == 5 * 16_000 + Capacity.millibits(domainSizes: [3, 3]))
        guard let bytes = decision.files.first?.bytes else { return }
        #expect(SafetensorsWriter.write(try SafetensorsReader.read(bytes), .bf16) == bytes)
    }

    @Test func `a model that learnt its rows by heart tells who was there, and is refused`() throws {
        let noise = try Noise(rows: 160, inputs: 90)
        let request = try noise.request()
        let decision = try noise.decide(noise.trained(request.holdout, steps: 300), request)
        #expect(outcome(decision, "membership") == .fail && decision.outcome == .refuse)
        #expect(decision.files.isEmpty && decision.reasons == ["not-released"])
    }

    @Test func `more numbers than units allow are refused`() throws {
        let noise = try Noise(rows: 60, inputs: 40)
        let request = try noise.request()
        let decision = try noise.decide([Double](repeating: 0.5, count: 41), request)
        #expect(outcome(decision, "structural") == .fail)
    }

    @Test func `a row or a column of the data among the weights is found, in each spelling`() throws {
        let noise = try Noise(rows: 400, inputs: 24)
        let request = try noise.request()
        let row = noise.inputs(17)
        let moved = row.map { 3 * $0 - 1 }
        for weights in [row, row.map { -2 + 8 * $0 }, moved] {
            let decision = try noise.decide(weights + [0], request)
            #expect(outcome(decision, "memorisation") == .fail, "\(decision.findings)")
        }
        let honest = (0..<24).map { Double($0 * $0 % 7) - 3 }
        #expect(outcome(try noise.decide(honest + [0], request), "memorisation") == .pass)
    }

    @Test(arguments: [("[F32, BF16]", true, true), ("[F32]", true, false), ("[BF16]", false, true)])
    func `a file with numbers of a form that the policy does not list is refused`(
        dtypes: String,
        singles: Bool,
        halves: Bool
    ) throws {
        let noise = try Noise(rows: 200, inputs: 1, dtypes: dtypes)
        let request = try noise.request()
        for (precision, isAllowed) in [(SafetensorsWriter.Precision.f32, singles), (.bf16, halves)] {
            let model = CheckedModel([
                .init(name: "weight", shape: [1, 1], bits: [0]), .init(name: "bias", shape: [1], bits: [0]),
            ])
            let read = try SafetensorsReader.read(SafetensorsWriter.write(model, precision))
            // As it comes out of the checker's jail.
            let wire = try OpaqueWire.decode(OpaqueWire.encode(.model(read)), as: .model)
            #expect(wire == .model(read))
            let decision = try noise.decide(.model(read), request)
            #expect((outcome(decision, "parser") == .fail) == !isAllowed, "\(decision.findings)")
        }
    }

    @Test func `some numbers of a row among the weights are found, in sixteen bits too`() throws {
        let noise = try Noise(rows: 400, inputs: 24)
        let request = try noise.request()
        let honest = (0..<24).map { Double($0 * $0 % 7) - 3.0625 }
        let row = noise.inputs(17)
        let short = row.map { value in
            Double(Float(bitPattern: TensorNumber.rounded(Float(value).bitPattern) ?? 0))
        }
        #expect(short != row)
        for numbers in [row, short] {
            let weights = Array(honest[..<7] + numbers[4..<10] + honest[13...])
            #expect(outcome(try noise.decide(weights + [0], request), "row_leak") == .fail)
        }
        #expect(outcome(try noise.decide(honest + [0], request), "row_leak") == .pass)
    }

    @Test func `a row with its categories as a model reads them is found, whatever its scale`() throws {
        let noise = try Noise(rows: 400, inputs: 4)
        let rows = Array(0..<400)
        let test = CopyTest(noise.table, rows: rows, inputs: [1, 2, 3, 4, 5])
        let row = noise.inputs(17)
        func code(_ column: Int) -> Int {
            guard case .codes(let codes) = noise.table.columns[column] else { return 0 }
            return Int(codes[17])
        }
        let shown = [Double(code(1))] + row
        let all = [0, 1].flatMap { column in (0...1).map { $0 == code(column) ? 1.0 : 0 } } + row
        for numbers in [shown, all, all.map { 5 - 2.5 * $0 }.map { -$0 }] { #expect(test.isRow(numbers)) }
        #expect(!test.isRow([1, 2, 3, 4, 5.5]) && !test.isRow([0.3, -1, 2, 0.1, 0.9, 4, 7, 1]))
    }

    @Test func `other names, other shapes, and no file are refused before anything is run`() throws {
        let noise = try Noise(rows: 200, inputs: 3)
        let request = try noise.request()
        let model = CheckedModel([
            .init(name: "w", shape: [1, 3], bits: [0, 0, 0]), .init(name: "bias", shape: [1], bits: [0]),
        ])
        #expect(outcome(try noise.decide(.model(model), request), "mismatch") == .fail)
        #expect(outcome(try noise.decide([1, 2, 3], request), "mismatch") == .fail)
        #expect(outcome(try noise.decide(.refused(.offsets), request), "parser") == .fail)
        #expect(outcome(try noise.decide(nil as OpaqueFile.Answer?, request), "missing-output") == .fail)
        let large = CheckedModel([
            .init(name: "weight", shape: [1, 3], bits: [0x7f7f_ffff, 0, 0]), .init(name: "bias", shape: [1], bits: [0]),
        ])
        #expect(outcome(try noise.decide(.model(large), request), "parser") == .fail, "infinite with sixteen bits")
    }

    @Test func `the withheld units are whole, disjoint from the shown ones and drawn by the seed`() throws {
        let noise = try Noise(rows: 569, inputs: 1)
        let check = try #require(noise.policy.checks.holdout)
        let first = try Holdout(check, of: noise.table, inputPolicy: noise.inputPolicy, seed: .zero)
        let other = try Holdout(check, of: noise.table, inputPolicy: noise.inputPolicy, seed: noise.spec.digest)
        #expect(first.withheld.count == 142 && first.shown.count == 427)
        #expect(Set(first.withheld).isDisjoint(with: first.shown) && first.withheld != other.withheld)
        let view = try Projection(
            noise.table,
            inputPolicy: noise.inputPolicy,
            permutationSeed: .zero,
            only: first.shown
        )
        #expect(view.rowCount == 427)
    }

    @Test func `areas and rates agree with sacroml, and the limits with the specification`() throws {
        for vector in try VectorTests.all("mia_metrics") {
            let scores = try #require(vector.input["scores"] as? [Double])
            let members = try #require(vector.input["is_member"] as? [Int])
            let test = MembershipTest(
                members: zip(scores, members).filter { $0.1 == 1 }.map(\.0),
                others: zip(scores, members).filter { $0.1 == 0 }.map(\.0),
                falsePositiveRate: 0.01
            )
            let expected = try #require(vector.expected["AUC"] as? Double)
            #expect(abs(test.area - expected) <= vector.tolerance * expected, "\(vector.id) \(test.area)")
            // One exposed member of thirty, which the area does not show.
            if vector.id == "v280" {
                #expect(abs(test.truePositiveRate - 1 / 30.0) < 1e-9 && test.truePositiveLimit > 0.05)
            }
        }
        // 427 members, 142 withheld: an area of 0.52 has the limit 0.5915, and 0.53 has 0.6012.
        for (area, limit) in [(0.52, 0.5915), (0.53, 0.6012)] {
            let wins = Int((area * 427 * 142).rounded())
            let (full, rest) = wins.quotientAndRemainder(dividingBy: 142)
            let members =
                [Double](repeating: 200, count: full) + [Double(rest) + 0.5]
                + [Double](repeating: -1, count: 426 - full)
            let test = MembershipTest(members: members, others: (1...142).map(Double.init), falsePositiveRate: 0.01)
            #expect(abs(test.area - area) < 1e-4 && abs(test.areaLimit - limit) < 2e-4, "\(test)")
        }
    }
}
