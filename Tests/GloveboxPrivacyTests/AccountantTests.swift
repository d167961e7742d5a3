import Foundation
import GloveboxCore
import GloveboxTables
import Testing

@testable import GloveboxPrivacy

/// Held against opendp, dp-accounting, Opacus and the reference code of Canonne, Kamath and Steinke.
@Suite struct AccountantTests {
    /// Never below the published number; above it only by the rounding to six decimals.
    private func isSafe(_ value: Double, _ published: Double, _ tolerance: Double) -> Bool {
        value >= published * (1 - tolerance) && value <= published * (1 + max(tolerance, 1e-6)) + 1.5e-6
    }

    @Test func `epsilon of zCDP agrees with opendp and the reference code`() throws {
        let vectors = try Vectors.all("zcdp_to_eps", "zcdp_to_eps_cks")
        for vector in vectors {
            let value = PrivacyLoss.epsilon(rho: try vector.given("rho"), delta: try vector.given("delta"))
            #expect(isSafe(value, try vector.number("epsilon"), vector.tolerance), "\(vector.id) \(value)")
        }
    }

    @Test(arguments: [
        ("1", "7.76622"), ("0.5", "5.22153"), ("0.125", "2.41909"), ("0.1", "2.14194"), ("0.09375", "2.06804"),
        ("0.02", "0.89994"), ("0.005", "0.42994"),
    ])
    func `the table of the specification holds`(rho: String, epsilon: String) throws {
        let amount = try #require(ExactDecimal(policyText: rho).flatMap { Rho($0) })
        let text = PrivacyLoss.epsilonText(amount, delta: ExactDecimal(mantissa: 1, exponent: -6))
        let (found, wanted) = (try #require(Double(text)), try #require(Double(epsilon)))
        #expect(abs(found - wanted) < 1.1e-5, "\(text)")
    }

    @Test func `the largest rho for an epsilon agrees with the reference code`() throws {
        for vector in try Vectors.all("eps_delta_to_rho_cks") {
            let (epsilon, delta) = (try vector.given("epsilon"), try vector.given("delta"))
            let rho = PrivacyLoss.rho(epsilon: epsilon, delta: delta)
            let published = try vector.number("rho")
            let isWithin = rho <= published * (1 + vector.tolerance) && rho >= published * (1 - vector.tolerance)
            #expect(isWithin, "\(vector.id) \(rho)")
            #expect(PrivacyLoss.epsilon(rho: rho, delta: delta) <= epsilon)
        }
    }

    @Test func `pure epsilon, composition and groups agree with opendp`() throws {
        for pure in try Vectors.all("pure_to_zcdp") {
            let epsilon = try #require(ExactDecimal(policyText: "\(pure.given("epsilon"))"))
            let found = try Rho(pure: epsilon).value
            #expect(abs(found - (try pure.number("rho"))) <= pure.tolerance * found, "\(pure.id)")
        }
        for sum in try Vectors.all("compose_zcdp") {
            let parts = try sum.givens("rhos").map { Rho(units: UInt128($0 * 1e12)) }
            let found = try parts.reduce(Rho.zero) { try $0.adding($1) }.value
            #expect(abs(found - (try sum.number("rho"))) <= sum.tolerance * found, "\(sum.id)")
        }
        for many in try Vectors.all("compose_zcdp_then_eps") {
            let total = try many.givens("sigmas").reduce(Rho.zero) {
                try $0.adding(Rho(atLeast: 1_000_000, UInt128(2e6 * $1 * $1)))
            }
            #expect(abs(total.value - (try many.number("rho"))) <= many.tolerance * total.value, "\(many.id)")
            let value = PrivacyLoss.epsilon(rho: total.value, delta: try many.given("delta"))
            #expect(isSafe(value, try many.number("epsilon"), many.tolerance), "\(many.id)")
        }
        #expect(try Rho(units: 5).forGroup(of: 3).units == 45)
    }

    @Test func `a derived amount is rounded up, and decimals are exact`() throws {
        #expect(try Rho(atLeast: 1, 3).text == "0.333333333334")
        let tenth = try #require(ExactDecimal(policyText: "0.1").flatMap { Rho($0) })
        let three = try tenth.adding(tenth).adding(tenth)
        #expect(three == ExactDecimal(policyText: "0.3").flatMap { Rho($0) })
        #expect(Rho(ExactDecimal(mantissa: 1, exponent: -13)) == nil)
        #expect(Rho(ExactDecimal(-1)) == nil)
    }

    @Test func `noise for an amount never costs more than the amount`() throws {
        for units in [1, 7, 999, 5_000_000_000, 333_333_333_333] as [UInt128] {
            guard let variance = try? Rho(units: units).variance(squaredSensitivity: 3) else { continue }
            let cost = try Rho(atLeast: 3 * variance.denominator, 2 * variance.numerator)
            #expect(cost.units <= units)
        }
    }

    @Test func `Renyi divergence of a sampled Gaussian agrees with dp-accounting and Opacus`() throws {
        let whole = try Vectors.all("rdp_subsampled_gaussian", "rdp_subsampled_gaussian_opacus")
        for vector in whole {
            let claim = try TrainingClaim(rate: try vector.given("q"), noise: try vector.given("sigma"), steps: 1)
            for (order, published) in zip(try vector.givens("orders"), try vector.numbers("rdp")) {
                let value = claim.divergence(order: order) * (vector.input["steps"] as? NSNumber ?? 1).doubleValue
                #expect(abs(value - published) <= published * vector.tolerance, "\(vector.id) \(order) \(value)")
            }
        }
        for exact in try Vectors.all("rdp_subsampled_gaussian_exact") {
            let claim = try TrainingClaim(rate: try exact.given("q"), noise: try exact.given("sigma"), steps: 1)
            for (order, published) in zip(try exact.givens("orders"), try exact.numbers("rdp")) {
                let value = claim.divergence(order: order)
                #expect(abs(value - published) <= published * exact.tolerance, "\(exact.id) \(order) \(value)")
            }
        }
    }

    @Test func `epsilon of training agrees with Opacus and dp-accounting`() throws {
        for vector in try Vectors.all("dpsgd_epsilon_published", "dpsgd_epsilon_opacus", "dpsgd_epsilon") {
            let claim = try TrainingClaim(
                rate: try vector.given("q"),
                noise: try vector.given("sigma"),
                steps: Int(try vector.given("steps"))
            )
            let value = claim.epsilon(delta: try vector.given("delta")).epsilon
            let wanted = try (vector.expected["epsilon"] ?? vector.expected["epsilon_rdp"]).map {
                try #require($0 as? NSNumber).doubleValue
            }
            let epsilon = try #require(wanted)
            #expect(value >= epsilon * (1 - vector.tolerance), "\(vector.id) \(value)")
            // Ours is written with six decimals, rounded up.
            #expect(value <= epsilon * (1 + vector.tolerance) + 1e-6, "\(vector.id) \(value)")
        }
        #expect(throws: GloveboxError("privacy.claim", "")) { try TrainingClaim(rate: 0, noise: 1, steps: 1) }
    }

    @Test func `accuracy agrees with opendp`() throws {
        for gaussian in try Vectors.all("accuracy_discrete_gaussian") where try gaussian.given("alpha") == 0.05 {
            let variance = UInt128(try gaussian.given("scale") * gaussian.given("scale") * 1e6)
            let found = Accuracy.gaussian95(try GaussianVariance(atLeast: variance, 1_000_000))
            #expect(found == UInt128(try gaussian.number("accuracy")), "\(gaussian.id)")
        }
        for laplace in try Vectors.all("accuracy_discrete_laplace") where try laplace.given("alpha") == 0.05 {
            let (found, published) = (Accuracy.laplace(try laplace.given("scale")), try laplace.number("accuracy"))
            #expect(abs(found - published) <= laplace.tolerance * published, "\(laplace.id)")
        }
    }

    @Test func `the laws of the tests are those of the reference code`() throws {
        for vector in try Vectors.all("discrete_gaussian_pmf") {
            let variance = try vector.given("sigma2")
            for (k, published) in zip(try vector.numbers("k"), try vector.numbers("pmf")) {
                #expect(abs(Laws.gaussian(Int(k), variance: variance) - published) <= published * vector.tolerance)
            }
        }
        for vector in try Vectors.all("discrete_laplace_pmf") {
            let scale = try vector.given("scale_num") / vector.given("scale_den")
            for (k, published) in zip(try vector.numbers("k"), try vector.numbers("pmf")) {
                #expect(abs(Laws.laplace(Int(k), scale: scale) - published) <= published * vector.tolerance)
            }
        }
    }
}
