package import GloveboxCore
internal import GloveboxDisclosure
package import GloveboxPolicy
package import GloveboxTables

/// The noisy mean of what a program says about disjoint blocks of units.
///
/// Whatever the program is, a unit changes what it says about one block, and that by no more than the policy's bounds are
/// apart. Source: release policy section 10; Mohan et al., GUPT (2012).
package struct BlockAggregate: Sendable {
    /// What code of this target enforces of a policy of programs over blocks.
    package static let capabilities: Set<Capability> = [
        "tier.computed", "output.json", "privacy_unit", "blocks", "result", "mechanism", "budget", "report",
        "decision.auto.within-budget", "decision.otherwise.reject", "spec_source.submitted",
        // Bits are recorded for tier computed; noise is what bounds them.
        "capacity.max_bits_per_release", "capacity.max_bits_per_project",
    ]

    /// How many numbers a program gives for a block.
    package let length: Int
    /// How many blocks there are.
    package let count: Int64
    private let policy: OutputPolicy
    private let result: BlockResult
    // On the sum of each coordinate over all blocks.
    private let noise: [Noise]
    private let epsilon: ExactDecimal

    /// The aggregate of a policy.
    ///
    /// - Throws: `policy.not-enforced`, `privacy.scale`, `privacy.overflow`.
    package init(_ policy: OutputPolicy) throws(GloveboxError) {
        guard let blocks = policy.privacy.blocks, let result = policy.privacy.result,
            let epsilon = policy.privacy.mechanism?.epsilonPerCoordinate
        else { throw GloveboxError("policy.not-enforced", "the policy has no program over blocks") }
        (self.policy, self.result, self.epsilon) = (policy, result, epsilon)
        (length, count) = (result.length, blocks.count)
        // A unit that changes may leave one block and come into another.
        let touched: UInt128 = policy.privacy.unit?.neighbour == .changeOne ? 2 : 1
        var noise: [Noise] = []
        for range in result.ranges {
            let width = UInt128(range.upperBound - range.lowerBound)
            noise.append(try Noise(epsilon: epsilon, step: width, groups: touched))
        }
        self.noise = noise
    }

    /// What the answer costs: ε²/2 for each number.
    ///
    /// - Throws: `privacy.epsilon`, `privacy.overflow`.
    package func cost() throws(GloveboxError) -> Rho {
        var cost = Rho.zero
        for _ in 0..<length { cost = try cost.adding(Rho(pure: epsilon)) }
        return cost
    }

    /// Checks everything about the policy and the dataset that needs no row.
    ///
    /// - Throws: `policy.not-enforced`, `input-policy.*`, `query.unit`, `budget.per-query`.
    package func check(
        description: DatasetDescription,
        inputPolicy: InputPolicy,
        capabilities: Set<Capability>
    ) throws(GloveboxError) {
        try policy.requireEnforced(by: capabilities)
        try inputPolicy.check(against: description)
        try policy.requireUnit(of: description)
        try policy.requireAffordable(cost())
    }

    /// What counts of a block: its numbers, rounded to the policy's decimals and clamped to its bounds; for nil, a block
    /// that gave none, the middle of the bounds.
    ///
    /// In units of 10^-decimals.
    package func coordinates(_ vector: CheckedVector?) -> [Int64] {
        guard let vector, vector.numbers.count == length else {
            return result.ranges.map { range in
                Int64(Exact.quotientHalfEven(Int128(range.lowerBound) + Int128(range.upperBound), 2))
            }
        }
        return zip(vector.numbers, result.ranges).map { number, range in
            Int64(min(max(rounded(number), Int128(range.lowerBound)), Int128(range.upperBound)))
        }
    }

    // To an integer of units; what does not fit is far beyond every bound.
    private func rounded(_ number: ExactDecimal) -> Int128 {
        let power = number.exponent + Int(result.decimals)
        guard let factor = ExactDecimal.power(abs(power)) else {
            return power < 0 ? 0 : number.mantissa.signum() * .max
        }
        guard power >= 0 else { return Exact.quotientHalfEven(number.mantissa, factor) }
        let (product, isOverflow) = number.mantissa.multipliedReportingOverflow(by: factor)
        return isOverflow ? number.mantissa.signum() * .max : product
    }

    /// What one block adds to a sum, in units of the noise: from the lower bound on, so that rounding to a coarser unit
    /// adds nothing to what a block can change.
    package func contribution(_ value: Int64, coordinate: Int) -> Int128 {
        noise[coordinate].coarse(Int128(value) - Int128(result.ranges[coordinate].lowerBound))
    }

    /// What one block can change of a sum at most, in units of the noise.
    package func step(coordinate: Int) -> UInt128 {
        let range = result.ranges[coordinate]
        return Exact.quotientUp(
            UInt128(range.upperBound - range.lowerBound),
            UInt128(1) << UInt128(noise[coordinate].shift)
        )
    }

    /// The answer as canonical bytes.
    ///
    /// The charge must be durable before the first block is run, and what this returns must be kept: a second call draws
    /// anew.
    /// - Throws: `privacy.overflow`, and what the source of randomness throws.
    package func answer<Random: RandomSource>(
        over blocks: [[Int64]],
        dataset: String,
        random: Random
    ) throws(GloveboxError) -> [UInt8] {
        guard blocks.count == count, blocks.allSatisfy({ $0.count == length }) else {
            throw GloveboxError("internal", "there are not as many blocks as the policy has")
        }
        var sampler = Sampler(random)
        var values: [String] = []
        for (index, noise) in noise.enumerated() {
            var sum: Int128 = 0
            for block in blocks { sum = try Exact.sum(sum, contribution(block[index], coordinate: index)) }
            let noisy = try noise.apply(sum, &sampler)
            let base = try Exact.product(Int128(result.ranges[index].lowerBound), Int128(count))
            values.append(try mean(Exact.sum(noisy, base)))
        }
        return try encode(values, dataset)
    }

    /// An answer as long as one can be, to see before anything is charged whether it fits.
    ///
    /// - Throws: `privacy.*`.
    package func longestAnswer(dataset: String) throws(GloveboxError) -> [UInt8] {
        try encode(result.ranges.map { _ in "-" + String(repeating: "9", count: 45) }, dataset)
    }

    // A sum divided by the number of blocks, with as many decimals more as that number has digits.
    private func mean(_ sum: Int128) throws(GloveboxError) -> String {
        let more = String(count).utf8.count
        guard let factor = ExactDecimal.power(more) else { throw Exact.overflow }
        let scaled = Exact.quotientHalfEven(try Exact.product(sum, factor), Int128(count))
        return ExactDecimal(mantissa: scaled, exponent: -Int(result.decimals) - more).text
    }

    /// What an answer costs, with the noise on each mean.
    ///
    /// - Throws: `privacy.*`.
    package func forecast() throws(GloveboxError) -> AnswerForecast {
        AnswerForecast(policy, try laws, cost: try cost())
    }

    private var laws: [JSONObject] {
        get throws(GloveboxError) {
            var laws: [JSONObject] = []
            for (index, noise) in noise.enumerated() {
                let number = String(index + 1)
                laws.append(
                    try noise.report(of: number, decimals: Int(result.decimals), count: UInt128(count))
                )
            }
            return laws
        }
    }

    private func encode(_ values: [String], _ dataset: String) throws(GloveboxError) -> [UInt8] {
        var answer = JSONObject([
            ("apiVersion", "glovebox/v1"), ("kind", "DPProgramAnswer"), ("dataset", .string(dataset)),
            ("blocks", .integer(count)), ("values", .array(values.map(JSONValue.string))),
        ])
        try AnswerReport(policy).add(laws, cost: cost(), to: &answer)
        return CanonicalJSON.encode(.object(answer))
    }
}
