import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

@Suite struct RegressionTests {
    static func check(minimum: Int, share: String) throws -> FreedomCheck {
        let policy = try OutputPolicy(
            Bench.yaml(
                """
                apiVersion: glovebox/v1
                kind: OutputPolicy
                metadata: {name: test, version: 1}
                tier: recomputed
                outputs: [{name: table.csv, type: csv}, {name: table.spec.json, type: table-spec}]
                columns: {measures: [ols]}
                checks: {dof: {min_dof: \(minimum), max_param_share: "\(share)"}}
                """
            )
        )
        return try #require(policy.checks.degreesOfFreedom)
    }

    /// Powers of the row's number: independent columns; `copies` of the last one add nothing.
    static func design(_ rows: Int, _ regressors: Int, copies: Int = 0) -> [[BigInteger]] {
        (1...rows).map { row in
            let powers = (0...regressors).map { power in
                (0..<power).reduce(BigInteger.one) { a, _ in a * BigInteger(row) }
            }
            return powers + (0..<copies).map { BigInteger($0 + 2) * powers[regressors] }
        }
    }

    @Test func `degrees of freedom agree with statsmodels`() throws {
        let vectors = try VectorTests.all("regression_dof")
        for vector in vectors {
            let rows = try #require(vector.input["n_observations"] as? Int)
            let regressors = try #require(vector.input["n_regressors"] as? Int)
            let check = try Self.check(minimum: try #require(vector.params["min_dof"] as? Int), share: "1")
            let found = check.degreesOfFreedom(design: Self.design(rows, regressors))
            #expect(Double(found) == vector.expected["dof"] as? Double, "\(vector.id)")
            let isUnsafe = check.isUnsafe(units: rows, parameters: regressors + 1, degreesOfFreedom: found)
            #expect(isUnsafe == (vector.expected["status"] as? String == "fail"), "\(vector.id)")
            // A column that others determine leaves the degrees of freedom as they are.
            #expect(check.degreesOfFreedom(design: Self.design(rows, regressors, copies: 2)) == found)
        }
    }

    @Test func `parameters may be a declared share of the units`() throws {
        let check = try Self.check(minimum: 1, share: "0.33")
        #expect(!check.isUnsafe(units: 100, parameters: 33, degreesOfFreedom: 67))
        #expect(check.isUnsafe(units: 100, parameters: 34, degreesOfFreedom: 66))
    }
}
