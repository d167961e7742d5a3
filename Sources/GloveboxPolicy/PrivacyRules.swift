package import GloveboxCore
package import GloveboxTables

/// What a policy says about the privacy unit, queries, noise, budgets and blocks.
///
/// Sections 9, 10 and 12.
package struct PrivacyRules: Hashable, Sendable {
    /// A query of tier `computed`.
    package enum Query: String, DocumentWord {
        case count
        case sum
        case mean
        case histogram
        case quantile
    }

    /// A number of an answer's report.
    package enum ReportItem: String, DocumentWord {
        case value
        case scale
        case accuracy95
        case rho
        case epsilonAtDelta = "epsilon_at_delta"
    }

    private enum Bounds: String, DocumentWord { case fromDatasetMetadata = "from-dataset-metadata" }

    private struct Report: DocumentSection {
        let items: [ReportItem]
        init(_ fields: inout DocumentFields) throws(GloveboxError) {
            items = try fields.choices("report", default: ReportItem.allCases)
        }
    }

    /// An override of the dataset's privacy unit.
    package let unit: PolicyUnit?
    /// The allowed queries.
    package let queries: [Query]
    /// The noise.
    package let mechanism: Mechanism?
    /// The limits of the ledger.
    package let budget: Budget?
    /// The blocks of sample-and-aggregate programs.
    package let blocks: Blocks?
    /// The form of a block's result.
    package let result: BlockResult?
    /// What the answer reports; nil when not named.
    package let report: [ReportItem]?

    init(_ fields: inout DocumentFields) throws(GloveboxError) {
        unit = try fields.section("privacy_unit")
        queries = fields.has("queries") ? try fields.choices("queries") : []
        if fields.has("bounds") { _ = try fields.choice("bounds") as Bounds }
        mechanism = try fields.section("mechanism")
        budget = try fields.section("budget")
        blocks = try fields.section("blocks")
        result = try fields.section("result")
        report = try fields.section("output", as: Report.self)?.items
    }
}

/// A privacy unit as a policy names it.
package struct PolicyUnit: DocumentSection {
    /// What two neighbouring datasets differ in.
    package enum Neighbour: String, DocumentWord {
        case addRemove = "add-remove"
        case changeOne = "change-one"
    }

    package let column: String
    package let maxRowsPerUnit: Int64
    package let maxGroupsPerUnit: Int64
    package let neighbour: Neighbour

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        column = try fields.text("column", default: "from-dataset")
        maxRowsPerUnit = try fields.integer("max_rows_per_unit", 1...1_000_000, default: 1)
        maxGroupsPerUnit = try fields.integer("max_groups_per_unit", 1...1_000_000, default: 1)
        neighbour = try fields.choice("neighbour", default: .addRemove)
    }
}

/// How noise is made.
package struct Mechanism: DocumentSection {
    /// A distribution.
    package enum Noise: String, DocumentWord {
        case discreteLaplace = "discrete-laplace"
        case discreteGaussian = "discrete-gaussian"
    }

    /// Where group keys come from.
    package enum Groups: String, DocumentWord {
        case threshold
        case publicKeys = "public-keys"
    }

    private enum Aggregate: String, DocumentWord { case mean }

    package let count: Noise
    package let sum: Noise
    package let noise: Noise
    package let groups: Groups
    package let epsilonPerCoordinate: ExactDecimal?
    package let clipL2: ExactDecimal?
    package let noiseMultiplier: ExactDecimal?
    /// Values lie on multiples of 2^-this.
    package let latticeBits: Int

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        count = try fields.choice("count", default: .discreteGaussian)
        sum = try fields.choice("sum", default: .discreteGaussian)
        noise = try fields.choice("noise", default: .discreteGaussian)
        if fields.has("aggregate") { _ = try fields.choice("aggregate") as Aggregate }
        groups = try fields.choice("groups", default: .publicKeys)
        let range = ExactDecimal.millionths(1)...ExactDecimal(1_000_000)
        epsilonPerCoordinate =
            fields.has("epsilon_per_coordinate")
            ? try fields.decimal("epsilon_per_coordinate", range) : nil
        clipL2 = fields.has("clip_l2") ? try fields.decimal("clip_l2", range) : nil
        noiseMultiplier = fields.has("noise_multiplier") ? try fields.decimal("noise_multiplier", range) : nil
        let lattice = try fields.text("lattice", default: "2^-16")
        guard lattice.hasPrefix("2^-"), let bits = Int(lattice.dropFirst(3)), (1...32).contains(bits),
            lattice == "2^-\(bits)"
        else { throw fields.wrongValue("lattice", "must be 2^-1 to 2^-32") }
        latticeBits = bits
    }
}

/// The limits of the privacy ledger.
package struct Budget: DocumentSection {
    private enum Accountant: String, DocumentWord { case zcdp }
    private enum Refresh: String, DocumentWord { case never }

    package let perQueryRho: ExactDecimal
    package let datasetRho: ExactDecimal
    package let projectRho: ExactDecimal
    package let delta: ExactDecimal
    package let selectionDelta: ExactDecimal
    package let cachesIdentical: Bool

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        _ = try fields.choice("accountant", default: .zcdp) as Accountant
        let range = ExactDecimal.zero...ExactDecimal(1_000_000)
        perQueryRho = try fields.decimal("per_query_rho_max", range)
        datasetRho = try fields.decimal("dataset_rho", range)
        projectRho = try fields.decimal("project_rho", range)
        delta = try fields.decimal("delta", .zero...(.one), default: .millionths(1))
        selectionDelta = try fields.decimal("delta_selection_max", .zero...(.one), default: .millionths(1))
        _ = try fields.choice("refresh", default: .never) as Refresh
        cachesIdentical = try fields.bool("cache_identical", default: true)
    }
}

/// The disjoint blocks of a sample-and-aggregate program.
package struct Blocks: DocumentSection {
    private enum Unit: String, DocumentWord { case privacyUnit = "privacy-unit" }
    private enum Assignment: String, DocumentWord { case keyedHash = "keyed-hash" }
    private enum Jail: String, DocumentWord { case fresh }

    package let count: Int64
    /// Seconds that each block is given, whether its program needs them or not.
    package let wallLimit: Int64

    /// Seconds between two blocks, in which the supervisor reads the one's result and builds the other's jail.
    package static let pause: Int64 = 1

    /// Seconds that a run takes, whatever its program does.
    package var runSeconds: Int64 { count * (wallLimit + Self.pause) }

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        count = try fields.integer("count", 8...1024, default: 64)
        _ = try fields.choice("by", default: .privacyUnit) as Unit
        _ = try fields.choice("assignment", default: .keyedHash) as Assignment
        _ = try fields.choice("jail_per_block", default: .fresh) as Jail
        wallLimit = try fields.duration("wall_limit", default: "60s")
        guard try fields.bool("fixed_time", default: true) else {
            throw fields.wrongValue("fixed_time", "must be true")
        }
    }
}

/// The vector of numbers that one block gives.
package struct BlockResult: DocumentSection {
    private enum Kind: String, DocumentWord { case numberVector = "number-vector" }
    private enum Failure: String, DocumentWord { case midpoint }

    package let length: Int
    package let decimals: Int64
    package let lower: [ExactDecimal]
    package let upper: [ExactDecimal]
    /// The bounds of each number, in units of 10^-``decimals``.
    package let ranges: [ClosedRange<Int64>]

    package init(_ fields: inout DocumentFields) throws(GloveboxError) {
        _ = try fields.choice("type", default: .numberVector) as Kind
        length = Int(try fields.integer("length", 1...64))
        decimals = try fields.integer("decimals", 0...9)
        lower = try Self.bounds("lo", &fields)
        upper = try Self.bounds("hi", &fields)
        _ = try fields.choice("on_failure", default: .midpoint) as Failure
        guard lower.count == length, upper.count == length, zip(lower, upper).allSatisfy({ $0 < $1 }) else {
            throw fields.wrongValue("lo", "and hi must have `length` entries each, lo below hi")
        }
        var ranges: [ClosedRange<Int64>] = []
        for (low, high) in zip(lower, upper) {
            guard let low = low.scaled(decimals: Int(decimals)), let high = high.scaled(decimals: Int(decimals)),
                !high.subtractingReportingOverflow(low).overflow
            else { throw fields.wrongValue("lo", "and hi must have at most `decimals` decimals and 18 digits in all") }
            ranges.append(low...high)
        }
        self.ranges = ranges
    }

    private static func bounds(
        _ name: String,
        _ fields: inout DocumentFields
    ) throws(GloveboxError) -> [ExactDecimal] {
        guard let elements = fields.take(name)?.array else { throw fields.missing(name) }
        var numbers: [ExactDecimal] = []
        for element in elements {
            guard let text = element.string, let number = ExactDecimal(policyText: text) else {
                throw fields.wrongType(name, "a list of quoted decimals")
            }
            numbers.append(number)
        }
        fields.keep(name, .array(numbers.map { .string($0.text) }))
        return numbers
    }
}
