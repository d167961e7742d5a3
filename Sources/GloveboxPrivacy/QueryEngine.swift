package import GloveboxCore
package import GloveboxDisclosure
package import GloveboxPolicy
internal import GloveboxTables

/// Answers queries: filters, bounds contributions, clamps, sums in integers, adds noise.
///
/// No floating point stands between the data and an answer. Source: release policy section 9.
package struct QueryEngine: Sendable {
    private let query: DPQuery
    private let policy: OutputPolicy
    private let inputPolicy: InputPolicy

    /// An engine for a query that was checked against these policies.
    package init(_ query: DPQuery, policy: OutputPolicy, inputPolicy: InputPolicy) {
        (self.query, self.policy, self.inputPolicy) = (query, policy, inputPolicy)
    }

    // Numbers that one unit can change by at most so much each, with the noise on them.
    struct Measured {
        var sums: [Int128]
        let noise: Noise

        init(_ noise: Noise, cells: Int) { (self.noise, sums) = (noise, [Int128](repeating: 0, count: cells)) }

        mutating func add(_ value: Int128, times: Int, at index: Int) throws(GloveboxError) {
            sums[index] = try Exact.sum(sums[index], Exact.product(noise.coarse(value), Int128(times)))
        }
    }

    // What the rows that count add up to.
    private struct Totals {
        var counts: Measured?
        var sums: Measured?
        /// Units of each cell.
        var holders: [Int]
    }

    /// The answer as canonical bytes.
    ///
    /// The charge must be durable before this is called, and what it returns must be kept: a second call draws anew. What is
    /// in memory of the rows, or of their units, does not grow with them.
    /// - Throws: `query.*`, `spec.*`, `policy.not-enforced`, `privacy.scale`, `privacy.overflow`, `storage.*`, and what the
    ///   rows' source throws.
    package func answer<Random: RandomSource>(
        over rows: any RowSource,
        key: LineageKey,
        scratch: any Scratch = MemoryScratch(),
        random: Random,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> [UInt8] {
        let description = rows.description
        let frame = try query.check(
            policy: policy,
            description: description,
            inputPolicy: inputPolicy,
            capabilities: capabilities
        )
        var sampler = Sampler(random)
        let totals = try totals(rows, frame, key, scratch)
        let isNamed = try named(totals.holders, &sampler)
        func draw(_ measured: Measured?) throws(GloveboxError) -> [Int128] {
            guard let measured else { throw GloveboxError("internal", "an answer lacks what it is made of") }
            var noisy: [Int128] = []
            for (sum, isNamed) in zip(measured.sums, isNamed) where isNamed {
                noisy.append(try measured.noise.apply(sum, &sampler))
            }
            return noisy
        }
        guard let (_, number) = try query.number(in: description) else {
            let noisy = try draw(totals.counts)
            let report = try totals.counts.map { (counts) throws(GloveboxError) in
                try counts.noise.report(of: "count", decimals: 0)
            }
            guard query.kind == .quantile else {
                return try encode((frame, isNamed), noisy.map { String($0) }, [report].compactMap { $0 })
            }
            return try encode(nil, [quantile(noisy, frame, description)], [report].compactMap { $0 })
        }
        let (bounds, isMean) = (number.bounds, query.kind == .mean)
        let (_, centre) = Self.bounds(number, query.kind)
        let noisy = try draw(totals.sums)
        var reports: [JSONObject] = []
        if let sums = totals.sums { reports.append(try sums.noise.report(of: "sum", decimals: number.decimals)) }
        func text(_ value: Int128) -> String { ExactDecimal(mantissa: value, exponent: -number.decimals).text }
        guard isMean else { return try encode((frame, isNamed), noisy.map(text), reports) }
        let means = zip(noisy, try draw(totals.counts)).map { sum, count in
            let mean = centre + Exact.quotientHalfEven(sum, max(1, count))
            return text(min(max(mean, Int128(bounds.lowerBound)), Int128(bounds.upperBound)))
        }
        if let counts = totals.counts { reports.append(try counts.noise.report(of: "count", decimals: 0)) }
        return try encode((frame, isNamed), means, reports)
    }

    /// What the answer would cost, with the noise on its sums and counts.
    ///
    /// - Throws: as ``answer(over:key:scratch:random:capabilities:)``.
    package func forecast(
        _ description: DatasetDescription,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> AnswerForecast {
        let frame = try query.check(
            policy: policy,
            description: description,
            inputPolicy: inputPolicy,
            capabilities: capabilities
        )
        var laws: [JSONObject] = []
        var share = query.rho
        if let (_, number) = try query.number(in: description) {
            let (range, _) = Self.bounds(number, query.kind)
            if query.kind == .mean { share = share.half }
            let law = policy.privacy.mechanism?.sum
            laws.append(try noise(frame, range, rho: share, law).report(of: "sum", decimals: number.decimals))
        }
        if query.kind != .sum {
            laws.append(
                try noise(frame, 0...1, rho: share, policy.privacy.mechanism?.count).report(of: "count", decimals: 0)
            )
        }
        return AnswerForecast(
            policy,
            laws,
            cost: try query.cost(),
            selectionDelta: query.selection?.delta ?? .zero
        )
    }

    // MARK: Exact part

    private func totals(
        _ rows: any RowSource,
        _ frame: TableFrame,
        _ key: LineageKey,
        _ scratch: any Scratch
    ) throws(GloveboxError) -> Totals {
        let number = try query.number(in: rows.description)
        let isMean = query.kind == .mean
        let share = isMean ? query.rho.half : query.rho
        let cells = frame.cells.count
        var totals = Totals(holders: [Int](repeating: 0, count: cells))
        var (range, centre): (ClosedRange<Int128>, Int128) = (0...1, 0)
        if number == nil || isMean {
            totals.counts = Measured(
                try noise(frame, 0...1, rho: share, policy.privacy.mechanism?.count),
                cells: cells
            )
        }
        if let number {
            (range, centre) = Self.bounds(number.1, query.kind)
            totals.sums = Measured(
                try noise(frame, range, rho: share, policy.privacy.mechanism?.sum),
                cells: cells
            )
        }
        var position = [Int: Int](minimumCapacity: cells)
        for (index, place) in frame.cells.enumerated() { position[place] = index }
        let candidates = try CandidateRows(
            rows,
            frame: frame,
            conditions: query.layout.conditions,
            inputPolicy: inputPolicy,
            number: number?.index
        )
        let bounds = bounds
        try candidates.units(key, query: query.digest, scratch: scratch) { (own) throws(GloveboxError) in
            let kept = bounds.keep(own)
            for candidate in kept {
                guard let index = position[candidate.place] else { continue }
                // Clamped first, then coarsened, then summed.
                let value = min(max(Int128(candidate.value) - centre, range.lowerBound), range.upperBound)
                try totals.sums?.add(value, times: candidate.rows, at: index)
                try totals.counts?.add(1, times: candidate.rows, at: index)
            }
            for place in Set(kept.map(\.place)) { if let index = position[place] { totals.holders[index] += 1 } }
        }
        return totals
    }

    // Whether each cell is named: all of them where the names are public.
    private func named<Random: RandomSource>(
        _ holders: [Int],
        _ sampler: inout Sampler<Random>
    ) throws(GloveboxError) -> [Bool] {
        guard let selection = query.selection else { return holders.map { _ in true } }
        let isChange = policy.privacy.unit?.neighbour == .changeOne
        let groups = Int(clamping: bounds.groups) * (isChange ? 2 : 1)
        return try selection.keeps(holders, groups: groups, &sampler)
    }

    private var bounds: ContributionBounds {
        ContributionBounds(
            rows: policy.privacy.unit?.maxRowsPerUnit ?? 1,
            groups: policy.privacy.unit?.maxGroupsPerUnit ?? 1
        )
    }

    // What a number counts as: the distance from the middle of its bounds in a mean, itself in a sum.
    private static func bounds(
        _ number: DatasetColumn.Number,
        _ kind: PrivacyRules.Query
    ) -> (range: ClosedRange<Int128>, centre: Int128) {
        let (low, high) = (Int128(number.bounds.lowerBound), Int128(number.bounds.upperBound))
        let centre = kind == .mean ? (low + high) >> 1 : 0
        return (low - centre...high - centre, centre)
    }

    private func noise(
        _ frame: TableFrame,
        _ range: ClosedRange<Int128>,
        rho: Rho,
        _ law: Mechanism.Noise?
    ) throws(GloveboxError) -> Noise {
        let sensitivity = try Sensitivity(
            low: range.lowerBound,
            high: range.upperBound,
            bounds: bounds,
            isGrouped: frame.cells.count > 1,
            neighbour: policy.privacy.unit?.neighbour ?? .addRemove
        )
        return try Noise(law ?? .discreteGaussian, rho: rho, sensitivity)
    }

    // MARK: The answer

    // The smallest upper edge at or below which the wanted share of the noisy counts lies.
    private func quantile(
        _ noisy: [Int128],
        _ frame: TableFrame,
        _ description: DatasetDescription
    ) throws(GloveboxError) -> String {
        guard let q = query.quantile, let dimension = frame.dimensions.first, let banding = dimension.banding,
            case .number(let number) = description.columns[dimension.column].type,
            let whole = ExactDecimal.power(-q.exponent)
        else { throw GloveboxError("query.kind", "a quantile needs a share and a banding") }
        let counts = noisy.map { max(0, $0) }
        let total = counts.reduce(0, +)
        var below: Int128 = 0
        var band = counts.count - 1
        for (index, count) in counts.enumerated() {
            below += count
            if try Exact.product(below, whole) >= Exact.product(q.mantissa, total) {
                band = index
                break
            }
        }
        return number.text(banding.edges[band + 1])
    }

    private func encode(_ named: (TableFrame, [Bool])?, _ values: [String], _ noise: [JSONObject]) throws(GloveboxError)
        -> [UInt8]
    {
        let places = named.map { frame, isNamed in zip(frame.cells, isNamed).filter(\.1).map { Optional($0.0) } }
        let cells = zip(places ?? [nil], values).map { place, value -> JSONValue in
            let key = place.flatMap { named?.0.labels($0) } ?? []
            return ["key": .array(key.map(JSONValue.string)), "value": .string(value)]
        }
        var answer = JSONObject([
            ("apiVersion", "glovebox/v1"), ("kind", "DPAnswer"), ("dataset", .string(query.dataset)),
            ("query", query.canonical["query"] ?? .null), ("cells", .array(cells)),
        ])
        try AnswerReport(policy).add(
            noise,
            cost: query.cost(),
            selectionDelta: query.selection?.delta ?? .zero,
            to: &answer
        )
        return CanonicalJSON.encode(.object(answer))
    }
}
