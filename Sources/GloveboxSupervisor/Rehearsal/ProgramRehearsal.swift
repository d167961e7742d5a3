package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxPolicy
internal import GloveboxPrivacy

/// A program over blocks on the mock twin: the same blocks, jails, bounds and noise as for the real rows, and no ledger.
///
/// It does not wait for the fixed end of each block, since mock rows hide nothing.
package struct ProgramRehearsal {
    /// What a rehearsal showed.
    package struct Outcome: Sendable {
        /// Digest of the code that ran.
        package let code: Digest
        /// How many blocks there were.
        package let blocks: Int
        /// Why blocks gave no result, by their numbers from 1; such a block counts as the middle of the bounds.
        package let faults: [(block: Int, why: String)]
        /// The answer that would leave if the mock rows were the real ones, as it would be written.
        package let answer: [UInt8]

        /// The outcome as one object.
        package var json: JSONValue {
            get throws(GloveboxError) {
                [
                    "code": .string(code.named), "blocks": .integer(Int64(blocks)),
                    "faults": .array(
                        faults.map { ["block": .integer(Int64($0.block)), "why": .string(Display.escape($0.why))] }
                    ),
                    "answer": try JSONReader.read(answer),
                ]
            }
        }

        /// The outcome in lines.
        package var lines: [String] {
            get throws(GloveboxError) {
                let answer = try JSONReader.read(answer)
                func text(_ value: JSONValue?) -> String { value?.string ?? "" }
                var lines = ["code        \(code.named)", "blocks      \(blocks), \(faults.count) without a result"]
                lines += faults.prefix(10).map { "            block \($0.block): \(Display.escape($0.why))" }
                if faults.count > 10 { lines.append("            and \(faults.count - 10) more") }
                for (value, noise) in zip(answer["values"]?.array ?? [], answer["noise"]?.array ?? []) {
                    let near =
                        noise["accuracy95"].map { ", with 95 % within \(text($0)) of the mean over blocks" } ?? ""
                    lines.append("value       \(text(value))\(near)")
                }
                if let rho = answer["rho"] { lines.append("costs       rho \(text(rho)) of the dataset's budget") }
                return lines
            }
        }
    }

    private let policy: OutputPolicy
    private let inputPolicy: InputPolicy
    private let description: DatasetDescription
    private let launcher: String

    /// Gathers the documents of a job and checks that they fit together; nil when the policy has no blocks.
    ///
    /// - Throws: `document.*`, `policy.not-enforced` and `input-policy.*`, as a submission would.
    package init?(policy: JSONValue, schema: JSONValue, inputPolicy: JSONValue) throws(GloveboxError) {
        guard case let policy = try OutputPolicy(policy), policy.privacy.blocks != nil else { return nil }
        self.policy = policy
        description = try DatasetDescription(schema)
        self.inputPolicy = try InputPolicy(inputPolicy)
        launcher = try Machine.sibling("glovebox-jail")
        try BlockAggregate(policy).check(
            description: description,
            inputPolicy: self.inputPolicy,
            capabilities: Site.programCapabilities
        )
    }

    /// Runs the program on every block; what it writes goes to `log`.
    ///
    /// - Throws: `jail.*`, `image.*`, `code.*`.
    package func run(_ job: Rehearsal.Job, log: @escaping ([UInt8]) -> Void) throws(GloveboxError) -> Outcome {
        let aggregate = try BlockAggregate(policy)
        let table = try MockData.table(description, inputPolicy: inputPolicy)
        let seed = try MockJail.seed()
        let units = try UnitBlocks(of: table, inputPolicy: inputPolicy, count: aggregate.count, seed: seed)
        let jail = try MockJail(job, dataset: description.name)
        let run = try BlockRun(policy, jails: JailReserve(launcher: launcher, count: 0), pace: .whenDone)
        var vectors: [[Int64]] = []
        var faults: [(block: Int, why: String)] = []
        for (number, rows) in units.rows.enumerated() {
            let shown = try Projection(
                table,
                inputPolicy: inputPolicy,
                permutationSeed: units.orderSeed(of: number),
                only: rows
            )
            guard let block = try run.run(jail.specification, hooks: jail.hooks(shown, log: log)) else { break }
            vectors.append(aggregate.coordinates(block.vector))
            if !block.fault.isEmpty { faults.append((number + 1, block.fault)) }
        }
        let answer = try aggregate.answer(over: vectors, dataset: description.name, random: SystemRandom())
        return Outcome(code: try jail.code(), blocks: vectors.count, faults: faults, answer: answer)
    }
}
