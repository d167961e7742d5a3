internal import GloveboxCore

extension Report {
    /// What an answer cost of a dataset's privacy budget: amounts of ρ (zero-concentrated differential privacy), as decimal
    /// text with at most 12 decimals.
    ///
    /// Source: attestation specification, section 4.1; release policy specification, section 9.
    package struct Privacy: Sendable, Equatable, Wire {
        /// The noise, such as `discrete-gaussian`.
        package var mechanism: String
        /// What was charged; `0` for an answer that was paid for before.
        package var rho: String
        /// The ε that this ρ gives at ``delta``; `unbounded` without one.
        package var epsilon: String
        /// The δ of the policy; `0` without one.
        package var delta: String
        /// Log index of the charge; nil when nothing was charged.
        package var ledgerIndex: UInt64?
        /// What the dataset had left before.
        package var budgetBefore: String
        /// What it has left now.
        package var budgetAfter: String

        /// States a cost.
        package init(
            mechanism: String,
            rho: String,
            epsilon: String,
            delta: String,
            ledgerIndex: UInt64?,
            budgetBefore: String,
            budgetAfter: String
        ) {
            self.mechanism = mechanism
            self.rho = rho
            self.epsilon = epsilon
            self.delta = delta
            self.ledgerIndex = ledgerIndex
            self.budgetBefore = budgetBefore
            self.budgetAfter = budgetAfter
        }

        var json: JSONValue {
            .members([
                ("mechanism", .string(mechanism)), ("rho", .string(rho)), ("epsilon", .string(epsilon)),
                ("delta", .string(delta)), ("ledgerIndex", ledgerIndex.map { .decimal($0) }),
                ("budgetBefore", .string(budgetBefore)), ("budgetAfter", .string(budgetAfter)),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            mechanism = try fields.string("mechanism")
            rho = try fields.string("rho")
            epsilon = try fields.string("epsilon")
            delta = try fields.string("delta")
            ledgerIndex = try fields.optionalDecimal("ledgerIndex")
            budgetBefore = try fields.string("budgetBefore")
            budgetAfter = try fields.string("budgetAfter")
        }

        /// Checks that the budget was left by exactly what was charged.
        ///
        /// - Throws: `privacy.encoding`, `privacy.arithmetic`.
        func checkAmounts() throws(GloveboxError) {
            let (before, cost, after) = (try Self.units(budgetBefore), try Self.units(rho), try Self.units(budgetAfter))
            guard before >= cost, before - cost == after else {
                throw GloveboxError("privacy.arithmetic", "\(budgetBefore) less \(rho) is not \(budgetAfter)")
            }
            if epsilon != "unbounded" { _ = try Self.units(epsilon) }
            _ = try Self.units(delta, decimals: 24)
        }

        /// Checks that the charge stands in the log between the start of the run and the report.
        ///
        /// - Throws: `privacy.ledger`.
        func checkLedger(after start: UInt64, before report: UInt64?) throws(GloveboxError) {
            guard (ledgerIndex == nil) == (rho == "0"), ledgerIndex.map({ start < $0 && $0 < report ?? .max }) ?? true
            else {
                throw GloveboxError("privacy.ledger", "the charge does not stand in the log where the report says")
            }
        }

        /// A canonical decimal in units of 10^-decimals: `0` or digits, then optionally a point and digits not ending in 0.
        private static func units(_ text: String, decimals: Int = 12) throws(GloveboxError) -> UInt128 {
            let refused = GloveboxError("privacy.encoding", "an amount is not a canonical decimal")
            let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard let whole = parts.first, parts.count <= 2, whole.count == 1 || whole.first != UInt8(ascii: "0"),
                !whole.isEmpty, whole.count <= 12
            else { throw refused }
            var digits = Array(whole)
            if parts.count == 2 {
                guard !parts[1].isEmpty, parts[1].count <= decimals, parts[1].last != UInt8(ascii: "0") else {
                    throw refused
                }
                digits += parts[1]
            }
            digits += [UInt8](repeating: UInt8(ascii: "0"), count: decimals - (parts.count == 2 ? parts[1].count : 0))
            var value: UInt128 = 0
            for digit in digits {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { throw refused }
                value = value * 10 + UInt128(digit - UInt8(ascii: "0"))
            }
            return value
        }
    }
}
