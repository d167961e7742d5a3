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
    private struct Measured {
        var sums: [Int128]
        let noise: Noise
    }

    /// The answer as canonical bytes.
    ///
    /// The charge must be durable before this is called, and what it returns must be kept: a second call draws anew.
    /// - Throws: `query.*`, `spec.*`, `policy.not-enforced`, `privacy.scale`, `privacy.overflow`.
    package func answer<Random: RandomSource>(
        over table: DatasetTable,
        key: LineageKey,
        random: Random,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> [UInt8] {
        let frame = try query.check(
            policy: policy,
            description: table.description,
            inputPolicy: inputPolicy,
            capabilities: capabilities
        )
        var sampler = Sampler(random)
        let kept = try rows(table, frame, key)
        let isNamed = try named(kept, frame, table, &sampler)
        func draw(_ measured: Measured) throws(GloveboxError) -> [Int128] {
            var noisy: [Int128] = []
            for (sum, isNamed) in zip(measured.sums, isNamed) where isNamed {
                noisy.append(try measured.noise.apply(sum, &sampler))
            }
            return noisy
        }
        guard let (index, number) = try query.number(in: table.description) else {
            let counts = try count(kept, frame, rho: query.rho)
            let noisy = try draw(counts)
            let report = [try counts.noise.report(of: "count", decimals: 0)]
            guard query.kind == .quantile else {
                return try encode((frame, isNamed), noisy.map { String($0) }, report)
            }
            return try encode(nil, [quantile(noisy, frame, table.description)], report)
        }
        let isMean = query.kind == .mean
        let bounds = number.bounds
        let (range, centre) = Self.bounds(number, query.kind)
        let sums = try sum(kept, frame, table.columns[index], range, centre, rho: isMean ? query.rho.half : query.rho)
        let noisy = try draw(sums)
        let report = try sums.noise.report(of: "sum", decimals: number.decimals)
        func text(_ value: Int128) -> String { ExactDecimal(mantissa: value, exponent: -number.decimals).text }
        guard isMean else { return try encode((frame, isNamed), noisy.map(text), [report]) }
        let counts = try count(kept, frame, rho: query.rho.half)
        let means = zip(noisy, try draw(counts)).map { sum, count in
            let mean = centre + Exact.quotientHalfEven(sum, max(1, count))
            return text(min(max(mean, Int128(bounds.lowerBound)), Int128(bounds.upperBound)))
        }
        return try encode((frame, isNamed), means, [report, counts.noise.report(of: "count", decimals: 0)])
    }

    /// What the answer would cost, with the noise on its sums and counts.
    ///
    /// - Throws: as ``answer(over:key:random:capabilities:)``.
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

    private func rows(
        _ table: DatasetTable,
        _ frame: TableFrame,
        _ key: LineageKey
    ) throws(GloveboxError) -> [ContributionBounds.Kept] {
        let filter = try RowFilter(inputPolicy.rowFilter + query.layout.conditions, description: table.description)
        let number = try query.number(in: table.description)
        let isPossible = Set(frame.cells)
        let places = frame.places(ofRows: 0..<table.rowCount, in: table.columns)
        var candidates: [ContributionBounds.Kept] = []
        for row in filter.rows(of: table) {
            let place = Int(places[row])
            guard isPossible.contains(place) else { continue }
            if let number, case .numbers(let values) = table.columns[number.index],
                values[row] == DatasetTable.Column.missingNumber
            {
                continue
            }
            candidates.append(.init(row: row, place: place))
        }
        return bounds.keep(candidates, of: table, key: key, query: query.digest)
    }

    // Whether each cell is named: all of them where the names are public.
    private func named<Random: RandomSource>(
        _ kept: [ContributionBounds.Kept],
        _ frame: TableFrame,
        _ table: DatasetTable,
        _ sampler: inout Sampler<Random>
    ) throws(GloveboxError) -> [Bool] {
        guard let selection = query.selection else { return frame.cells.map { _ in true } }
        let units = table.unitLookup
        var holders: [Int: Set<UInt32>] = [:]
        for row in kept { holders[row.place, default: []].insert(units?[row.row] ?? UInt32(row.row)) }
        let isChange = policy.privacy.unit?.neighbour == .changeOne
        let groups = Int(clamping: bounds.groups) * (isChange ? 2 : 1)
        return try selection.keeps(frame.cells.map { holders[$0]?.count ?? 0 }, groups: groups, &sampler)
    }

    private var bounds: ContributionBounds {
        ContributionBounds(
            rows: policy.privacy.unit?.maxRowsPerUnit ?? 1,
            groups: policy.privacy.unit?.maxGroupsPerUnit ?? 1
        )
    }

    private func count(
        _ kept: [ContributionBounds.Kept],
        _ frame: TableFrame,
        rho: Rho
    ) throws(GloveboxError) -> Measured {
        try measure(kept, frame, noise(frame, 0...1, rho: rho, policy.privacy.mechanism?.count)) { _ in 1 }
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

    private func sum(
        _ kept: [ContributionBounds.Kept],
        _ frame: TableFrame,
        _ column: DatasetTable.Column,
        _ range: ClosedRange<Int128>,
        _ centre: Int128,
        rho: Rho
    ) throws(GloveboxError) -> Measured {
        guard case .numbers(let values) = column else {
            throw GloveboxError("query.column", "the column holds no numbers")
        }
        return try measure(kept, frame, noise(frame, range, rho: rho, policy.privacy.mechanism?.sum)) { row in
            // Clamped first, then coarsened, then summed.
            min(max(Int128(values[row]) - centre, range.lowerBound), range.upperBound)
        }
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

    private func measure(
        _ kept: [ContributionBounds.Kept],
        _ frame: TableFrame,
        _ noise: Noise,
        _ value: (Int) -> Int128
    ) throws(GloveboxError) -> Measured {
        var position = [Int: Int](minimumCapacity: frame.cells.count)
        for (index, place) in frame.cells.enumerated() { position[place] = index }
        var sums = [Int128](repeating: 0, count: frame.cells.count)
        for row in kept {
            guard let index = position[row.place] else { continue }
            sums[index] = try Exact.sum(sums[index], noise.coarse(value(row.row)))
        }
        return Measured(sums: sums, noise: noise)
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
