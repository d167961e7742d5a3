import Foundation
import GloveboxCore
import GloveboxPolicy
import GloveboxTables
import Testing

@testable import GloveboxPrivacy

/// Published values of laws and bounds: what our code computes agrees with them, and what it does not use bounds what it does.
///
/// Each is compared within the tolerance that its vector states.
@Suite struct ReferenceVectorTests {
    /// Whether a number is the published one, as nearly as the vector says.
    private func isNear(_ found: Double, _ vector: Vector, _ name: String) throws -> Bool {
        let published = try vector.number(name)
        return abs(found - published) <= max(vector.tolerance, 1e-15) * abs(published)
    }

    /// Whether a loss of privacy is no less than the published one, and no more than is rounded up.
    private func isSafe(_ found: Double, _ vector: Vector, _ name: String, slack: Double = 0) throws -> Bool {
        let published = try vector.number(name)
        return found >= published * (1 - vector.tolerance)
            && found <= published * (1 + max(vector.tolerance, 1e-9)) + slack
    }

    private func decimal(_ value: Double, places: Int = 9) -> ExactDecimal {
        ExactDecimal(mantissa: Int128((value * pow(10, Double(places))).rounded()), exponent: -places)
    }

    // MARK: Laplace and Gaussian noise

    @Test func `the noise for a published epsilon has the published scale`() throws {
        for vector in try Vectors.all("laplace_epsilon", "laplace_vector_epsilon") {
            // In tenths, since a published sensitivity is no whole number.
            let change = UInt128((try vector.given("sensitivity_l1") * 10).rounded())
            let noise = try Noise(epsilon: decimal(vector.number("epsilon")), step: change, groups: 1)
            guard case .laplace(let scale) = noise.law else { continue }
            let found = Double(scale.numerator) / Double(scale.denominator) / 10
            let published = try vector.given("scale")
            #expect(abs(found - published) <= max(vector.tolerance, 1e-9) * published, "\(vector.id) \(found)")
        }
    }

    @Test func `a Gaussian of a published scale costs the published rho, and a group its square`() throws {
        for vector in try Vectors.all("gaussian_rho", "gaussian_vector_rho") {
            let (change, scale) = (try vector.given("sensitivity_l2"), try vector.given("scale"))
            let rho = try Rho(atLeast: UInt128(change * change * 1e6), UInt128(2e6 * scale * scale))
            #expect(try isSafe(rho.value, vector, "rho", slack: 1e-12), "\(vector.id)")
        }
        for vector in try Vectors.all("group_privacy") {
            let size = UInt128(try vector.given("group_size"))
            if vector.expected["rho"] != nil {
                let scale = try vector.given("sigma")
                let one = try Rho(atLeast: 1_000_000, UInt128(2e6 * scale * scale))
                #expect(try isSafe(one.forGroup(of: size).value, vector, "rho", slack: 1e-9), "\(vector.id)")
            } else {
                let noise = try Noise(epsilon: decimal(vector.number("epsilon")), step: 1, groups: size)
                guard case .laplace(let scale) = noise.law else { continue }
                let found = Double(scale.numerator) / Double(scale.denominator)
                #expect(abs(found - (try vector.given("scale"))) <= 1e-9 * found, "\(vector.id)")
            }
        }
    }

    @Test func `accuracy of the continuous laws bounds that of ours`() throws {
        for vector in try Vectors.all("accuracy_laplace") {
            let (scale, alpha) = (try vector.given("scale"), try vector.given("alpha"))
            #expect(try isNear(scale * log(1 / alpha), vector, "accuracy"), "\(vector.id)")
            guard alpha == 0.05 else { continue }
            let ours = Accuracy.laplace95(try LaplaceScale(atLeast: UInt128(scale * 1e6), 1_000_000))
            #expect(Double(ours) >= (try vector.number("accuracy")), "\(vector.id)")
        }
        for vector in try Vectors.all("accuracy_gaussian") {
            let (scale, alpha) = (try vector.given("scale"), try vector.given("alpha"))
            #expect(try isNear(scale * Normal.quantile(1 - alpha / 2), vector, "accuracy"), "\(vector.id)")
            guard alpha == 0.05 else { continue }
            // In so fine units that the lattice does not show.
            let fine = UInt128((scale * 4096).rounded())
            let ours = Accuracy.gaussian95(try GaussianVariance(atLeast: fine * fine, 1))
            #expect(abs(Double(ours) / 4096 - (try vector.number("accuracy"))) < 1e-3 * scale, "\(vector.id)")
        }
    }

    @Test func `sums are the same in every order and pass no bound of the machine's integers`() throws {
        func sum(_ values: [Int128], _ bounds: ClosedRange<Int128>) throws -> Int128 {
            var measured = QueryEngine.Measured(Noise(.laplace(LaplaceScale(1))), cells: 1)
            for value in values {
                try measured.add(min(max(value, bounds.lowerBound), bounds.upperBound), times: 1, at: 0)
            }
            return measured.sums[0]
        }
        for vector in try Vectors.all("float_sum_order") {
            let runs = try #require(vector.input["values_run_length"] as? [[NSNumber]])
            let values = runs.flatMap { [Int128](repeating: Int128($0[0].doubleValue), count: $0[1].intValue) }
            let bounds = try vector.givens("bounds").map { Int128($0) }
            let exact = Int128(try #require(vector.expected["exact"] as? NSNumber).int64Value)
            for order in [values, values.reversed()] {
                #expect(try sum(order, bounds[0]...bounds[1]) == exact, "\(vector.id)")
            }
        }
        for vector in try Vectors.all("int_sum_overflow") {
            let values = try #require(vector.input["values"] as? [NSNumber]).map { Int128($0.int64Value) }
            let bounds = try #require(vector.input["bounds"] as? [NSNumber]).map { Int128($0.int64Value) }
            let text = try #require(vector.expected["exact"] as? NSNumber).stringValue
            let exact = try #require(Int128(text))
            #expect(try sum(values, bounds[0]...bounds[1]) == exact, "\(vector.id)")
            // The next bound is refused.
            #expect(throws: GloveboxError("privacy.overflow", "")) {
                try sum([.max, .max], 0...Int128.max)
            }
        }
    }

    // MARK: Losses

    @Test func `delta and epsilon of zCDP are one another's inverse`() throws {
        for vector in try Vectors.all("zcdp_to_delta") {
            let (rho, epsilon) = (try vector.given("rho"), try vector.given("epsilon"))
            let delta = try vector.number("delta")
            let room = 1e-4 * epsilon
            #expect(PrivacyLoss.epsilon(rho: rho, delta: delta * (1 + vector.tolerance)) <= epsilon + room)
            #expect(PrivacyLoss.epsilon(rho: rho, delta: delta * (1 - vector.tolerance)) >= epsilon - 1e-9)
        }
        for vector in try Vectors.all("rdp_conversion") {
            let found = PrivacyLoss.epsilon(rho: try vector.given("rho"), delta: try vector.given("delta"))
            #expect(try isSafe(found, vector, "epsilon_improved"), "\(vector.id) \(found)")
            #expect(found <= (try vector.number("epsilon_mironov2017")), "\(vector.id)")
        }
        for vector in try Vectors.all("rdp_conversion_published") {
            let delta = try vector.given("delta")
            let found: Double
            if let constant = vector.input["rdp_constant"] as? NSNumber {
                let text = try #require(vector.input["orders"] as? String)
                let range = text.split(separator: ".").compactMap { Double($0) }
                let bounds = stride(from: range[0], through: range[1], by: 1).map { order in
                    PrivacyLoss.bound(order: order, delta: delta) { _ in constant.doubleValue }
                }
                found = try #require(bounds.min())
            } else {
                let sigma = try vector.given("sigma")
                found = PrivacyLoss.epsilon(rho: 1 / (2 * sigma * sigma), delta: delta)
            }
            #expect(try isSafe(found, vector, "epsilon", slack: 1.5e-6), "\(vector.id) \(found)")
        }
    }

    @Test func `what we report is never below the exact loss of the mechanism`() throws {
        for vector in try Vectors.all("discrete_gaussian_delta") {
            let (variance, epsilon) = (try vector.given("sigma2"), try vector.given("epsilon"))
            let change = try vector.given("sensitivity")
            let delta = Self.discreteDelta(variance, epsilon, change)
            #expect(try isNear(delta, vector, "delta_discrete"), "\(vector.id) \(delta)")
            let continuous = Normal.delta(sigma: variance.squareRoot() / change, epsilon: epsilon)
            #expect(try isNear(continuous, vector, "delta_continuous"), "\(vector.id) \(continuous)")
            let ours = PrivacyLoss.epsilon(rho: change * change / (2 * variance), delta: delta)
            #expect(ours >= epsilon * (1 - vector.tolerance), "\(vector.id) \(ours)")
        }
        for vector in try Vectors.all("gaussian_exact_epsilon") {
            let sigma = try vector.given("sigma") / vector.given("count").squareRoot() / vector.given("sensitivity")
            let delta = try vector.given("delta")
            let exact = Self.bisect(0, 100) { Normal.delta(sigma: sigma, epsilon: $0) > delta }
            for name in ["epsilon", "epsilon_pld"] { #expect(try isNear(exact, vector, name), "\(vector.id) \(exact)") }
            #expect(PrivacyLoss.epsilon(rho: 1 / (2 * sigma * sigma), delta: delta) >= exact, "\(vector.id)")
        }
        for vector in try Vectors.all("gaussian_exact_sigma", "gaussian_analytic_sigma_dpl") {
            let (epsilon, delta) = (try vector.given("epsilon"), try vector.given("delta"))
            let exact = Self.bisect(0.01, 1000) { Normal.delta(sigma: $0, epsilon: epsilon) > delta }
            let change = try vector.given("sensitivity")
            #expect(try isNear(exact * change, vector, "sigma"), "\(vector.id) \(exact)")
            let ours = (1 / (2 * PrivacyLoss.rho(epsilon: epsilon, delta: delta))).squareRoot()
            #expect(ours * change >= (try vector.number("sigma")) * (1 - vector.tolerance), "\(vector.id) \(ours)")
            guard vector.expected["sigma_classic"] != nil else { continue }
            #expect(try isNear((2 * log(1.25 / delta)).squareRoot() / epsilon * change, vector, "sigma_classic"))
        }
        for vector in try Vectors.all("discrete_gaussian_scale_dpl") {
            let (epsilon, delta) = (try vector.given("epsilon"), try vector.given("delta"))
            let change = try vector.given("sensitivity")
            let exact = Self.bisect(0.5, 50) { Self.discreteDelta($0 * $0, epsilon, change) > delta }
            #expect(try isNear(exact, vector, "sigma"), "\(vector.id) \(exact)")
            let ours = (1 / (2 * PrivacyLoss.rho(epsilon: epsilon, delta: delta))).squareRoot()
            #expect(ours * change >= exact * (1 - vector.tolerance), "\(vector.id) \(ours)")
        }
    }

    @Test func `the composition that we enforce is no tighter than what is proven`() throws {
        for vector in try Vectors.all("compose_pure") {
            let found = try vector.givens("epsilons").reduce(BigInteger.zero) { sum, epsilon in
                sum + BigInteger(Int((epsilon * 1e12).rounded()))
            }
            #expect(try isNear(Double(found.int128 ?? 0) / 1e12, vector, "epsilon"), "\(vector.id)")
        }
        for vector in try Vectors.all("laplace_composition_pld") {
            let each = try vector.given("sensitivity") / vector.given("scale")
            let basic = each * (try vector.given("count"))
            #expect(try isNear(basic, vector, "epsilon_basic"), "\(vector.id)")
            #expect(basic >= (try vector.number("epsilon")) * (1 - vector.tolerance), "\(vector.id)")
        }
        for vector in try Vectors.all("composition_kov") {
            let spends = try #require(vector.input["spends"] as? [[NSNumber]])
            let (count, slack) = (try vector.given("count"), try vector.given("slack_delta"))
            let epsilons = spends.map { $0[0].doubleValue }
            let basic = epsilons.reduce(0, +) * count
            let drift = epsilons.reduce(0) { $0 + $1 * (exp($1) - 1) / (exp($1) + 1) } * count
            let squares = epsilons.reduce(0) { $0 + $1 * $1 } * count
            let advanced = slack > 0 ? drift + (2 * squares * log(1 / slack)).squareRoot() : .infinity
            let tighter =
                slack > 0 ? drift + (2 * squares * log(M_E + squares.squareRoot() / slack)).squareRoot() : .infinity
            #expect(try isNear(min(basic, advanced, tighter), vector, "epsilon"), "\(vector.id)")
            // zCDP of the same spends, which is what the ledger adds up, is no less at no δ of its own.
            #expect(basic >= (try vector.number("epsilon")) * (1 - vector.tolerance), "\(vector.id)")
        }
        for vector in try Vectors.all("amplification_by_sampling") {
            let rate = try vector.given("sample") / vector.given("population")
            let found = log1p(rate * (exp(try vector.given("epsilon_unamplified")) - 1))
            #expect(try isNear(found, vector, "epsilon"), "\(vector.id)")
        }
        for vector in try Vectors.all("randomized_response_eps") {
            let truth = try vector.given("prob_truth")
            #expect(try isNear(log(truth / (1 - truth)), vector, "epsilon"), "\(vector.id)")
        }
        for vector in try Vectors.all("randomized_response_kary") {
            let (noise, buckets) = (try vector.given("noise_parameter"), try vector.given("buckets"))
            let found = log((1 - noise + noise / buckets) / (noise / buckets))
            #expect(try isNear(found, vector, "epsilon") && isNear(found, vector, "epsilon_pld"), "\(vector.id)")
        }
    }

    @Test func `published values of training bound and meet ours`() throws {
        for vector in try Vectors.all("rdp_subsampled_gaussian_fractional_upper_bound", "rdp_published") {
            let claim = try TrainingClaim(rate: try vector.given("q"), noise: try vector.given("sigma"), steps: 1)
            let steps = try vector.given("steps")
            for (order, published) in zip(try vector.givens("orders"), try vector.numbers("rdp")) {
                let found = claim.divergence(order: order) * steps
                #expect(found <= published * (1 + vector.tolerance), "\(vector.id) \(order) \(found)")
                // Below two and between whole orders the published one is loose.
                guard order == order.rounded() else { continue }
                #expect(found >= published * (1 - vector.tolerance), "\(vector.id) \(order) \(found)")
            }
        }
        for vector in try Vectors.all("dpsgd_calibrate_sigma") {
            let (sigma, target) = (try vector.number("sigma"), try vector.given("target_epsilon"))
            func epsilon(_ share: Double) throws -> Double {
                let claim = try TrainingClaim(
                    rate: try vector.given("q"),
                    noise: sigma * share,
                    steps: Int(try vector.given("steps"))
                )
                return claim.epsilon(delta: try vector.given("delta")).epsilon
            }
            #expect(try epsilon(1 + vector.tolerance) <= target * (1 + 1e-5), "\(vector.id)")
            #expect(try epsilon(1 - vector.tolerance) >= target * (1 - 1e-5), "\(vector.id)")
        }
        for vector in try Vectors.all("moments_accountant_published") {
            let claim = try TrainingClaim(
                rate: try vector.given("q"),
                noise: try vector.given("sigma"),
                steps: Int(try vector.given("steps"))
            )
            let found = claim.epsilon(delta: try vector.given("delta")).epsilon
            #expect(found <= (try vector.number("epsilon_published")) * (1 + vector.tolerance), "\(vector.id) \(found)")
            #expect(found < (try vector.number("strong_composition_published")), "\(vector.id)")
        }
    }

    // MARK: Groups

    @Test func `Laplace thresholds have their published chances, and ours promise no more`() throws {
        for vector in try Vectors.all("laplace_threshold_partition_selection") {
            let (scale, threshold) = (try vector.given("scale"), try vector.given("threshold"))
            let groups = try vector.given("l0")
            #expect(try isNear(vector.given("l1") / scale, vector, "epsilon"), "\(vector.id)")
            // A group that one unit alone is in passes only by its noise.
            let first = Int(threshold - (try vector.given("linf"))) + 1
            let tail = exp(-Double(first) / scale) / (1 + exp(-1 / scale))
            #expect(try isNear(-expm1(groups * log1p(-tail)), vector, "delta"), "\(vector.id)")
            let ours = try SelectionTests.selection(
                decimal(vector.number("epsilon")).text,
                decimal(vector.number("delta"), places: 18).text
            ).probabilities(groups: Int(groups), upTo: 1)
            let most = try vector.number("delta") * (1 + vector.tolerance)
            #expect(SelectionTests.double(ours[0]) <= most, "\(vector.id)")
        }
        for vector in try Vectors.all("partition_selection_laplace") {
            let (epsilon, delta) = (try vector.given("epsilon"), try vector.given("delta"))
            let groups = try vector.given("max_partitions")
            let share = -expm1(log1p(-delta) / groups)
            let threshold = 1 - groups / epsilon * log(2 * share)
            #expect(try isNear(threshold, vector, "tau"), "\(vector.id) \(threshold)")
            let ours = try SelectionTests.selection(decimal(epsilon).text, decimal(delta, places: 18).text)
                .probabilities(groups: Int(groups), upTo: 100)
            for (count, published) in zip(try vector.givens("user_counts"), try vector.numbers("probability_of_keep")) {
                let distance = (threshold - count) * epsilon / groups
                let found = distance > 0 ? exp(-distance) / 2 : 1 - exp(distance) / 2
                #expect(abs(found - published) <= vector.tolerance * published, "\(vector.id) \(count)")
                // Ours is the best there is for the same promise.
                let best = Int(count) <= ours.count ? SelectionTests.double(ours[Int(count) - 1]) : 1
                #expect(best >= published * (1 - 1e-6), "\(vector.id) \(count)")
            }
        }
    }

    // MARK: Other mechanisms

    @Test func `parameters of snapping and of Google's Laplace follow their formulas`() throws {
        for vector in try Vectors.all("snapping_parameters") {
            let (epsilon, bound) = (try vector.given("epsilon"), try vector.given("B"))
            let scale = try vector.given("sensitivity") / epsilon
            #expect(try isNear(scale, vector, "lambda"), "\(vector.id)")
            #expect(try isNear(exp2(log2(scale).rounded(.up)), vector, "Lambda_power_of_two"), "\(vector.id)")
            #expect(try isNear(epsilon * (1 + 0x1p-49 * bound / scale), vector, "epsilon_effective"), "\(vector.id)")
        }
        for vector in try Vectors.all("google_laplace_resolution") {
            let (change, epsilon) = (try vector.given("sensitivity"), try vector.given("epsilon"))
            let resolution = exp2((log2(change / epsilon) - (try vector.given("k"))).rounded(.up))
            #expect(try isNear(resolution, vector, "resolution"), "\(vector.id)")
            let scale = (change + resolution) / epsilon / resolution
            #expect(try isNear(scale, vector, "noise_scale_in_units"), "\(vector.id)")
        }
    }

    // MARK: The tests' own statistics

    @Test func `the limits that samplers are tested by are the published ones, or wider`() throws {
        for vector in try Vectors.all("ks_critical") {
            let bound = (log(2 / (try vector.given("alpha"))) / (2 * (try vector.given("n")))).squareRoot()
            #expect(try isNear(bound, vector, "dkw_bound"), "\(vector.id)")
            #expect(bound >= (try vector.number("critical")), "\(vector.id)")
        }
        for vector in try Vectors.all("chi2_critical") {
            let (freedom, alpha) = (Int(try vector.given("df")), try vector.given("alpha"))
            let exact = Self.bisect(0, 100 * Double(freedom) + 1000) { Self.chiSquaredTail($0, freedom) > alpha }
            #expect(try isNear(exact, vector, "critical"), "\(vector.id) \(exact)")
            if alpha == 1e-9 { #expect(Laws.chiSquaredLimit(freedom) >= exact, "\(vector.id)") }
        }
        for vector in try Vectors.all("clopper_pearson") {
            let (hits, n) = (Int(try vector.given("successes")), Int(try vector.given("n")))
            let alpha = try vector.given("alpha") / 2
            let (low, high) = (
                Laws.shareAtLeast(hits, of: n, alpha: alpha), Laws.shareAtMost(hits, of: n, alpha: alpha)
            )
            #expect(try isNear(low, vector, "low") && isNear(high, vector, "high"), "\(vector.id) \(low) \(high)")
        }
    }

    // P[X > x] of χ²: for one or two degrees, and two more at a time.
    private static func chiSquaredTail(_ x: Double, _ freedom: Int) -> Double {
        let half = x / 2
        var (tail, a) = freedom.isMultiple(of: 2) ? (exp(-half), 1.0) : (erfc(half.squareRoot()), 0.5)
        while a < Double(freedom) / 2 {
            tail += exp(a * log(half) - half - lgamma(a + 1))
            a += 1
        }
        return tail
    }

    /// δ of a discrete Gaussian: P[X > εσ²/Δ - Δ/2] - e^ε P[X > εσ²/Δ + Δ/2].
    private static func discreteDelta(_ variance: Double, _ epsilon: Double, _ change: Double) -> Double {
        let reach = Int((variance.squareRoot() * 40).rounded(.up)) + 10
        let weights = (-reach...reach).map { exp(-Double($0 * $0) / (2 * variance)) }
        let total = weights.reduce(0, +)
        func above(_ limit: Double) -> Double {
            (-reach...reach).reduce(0) { Double($1) > limit ? $0 + weights[$1 + reach] : $0 } / total
        }
        return above(epsilon * variance / change - change / 2)
            - exp(epsilon) * above(epsilon * variance / change + change / 2)
    }

    /// Where a condition that holds on the left ends.
    private static func bisect(_ from: Double, _ to: Double, _ holds: (Double) -> Bool) -> Double {
        var (low, high) = (from, to)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if holds(middle) { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

/// The normal distribution.
private enum Normal {
    static func tail(_ x: Double) -> Double { erfc(x / 2.0.squareRoot()) / 2 }

    /// The least x with P[X <= x] >= p.
    static func quantile(_ p: Double) -> Double {
        var (low, high) = (-40.0, 40.0)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if 1 - tail(middle) < p { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// δ of a Gaussian of sensitivity 1.
    ///
    /// Source: Balle and Wang (2018), theorem 8.
    static func delta(sigma: Double, epsilon: Double) -> Double {
        tail(epsilon * sigma - 1 / (2 * sigma)) - exp(epsilon) * tail(epsilon * sigma + 1 / (2 * sigma))
    }
}
