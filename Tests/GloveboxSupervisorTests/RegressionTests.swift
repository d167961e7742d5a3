import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// A linear regression through a whole site, over real data.
@Suite(.serialized) struct RegressionTests {
    private static let image = TestPrograms.image("python")
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil

    private static let spec = (
        name: "table.spec.json",
        text: """
        {"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"fit.json","group_by":[],
        "statistic":"ols","outcome":"affairs","regressors":["age","yrs_married","religious"]}
        """
    )

    // Solves the normal equations in fractions, and adds the error to the intercept.
    private static func program(error: String) -> String {
        """
        import csv, json
        from fractions import Fraction
        names = ["intercept", "age", "yrs_married", "religious=2", "religious=3", "religious=4"]
        size = len(names)
        sums = [[Fraction(0)] * (size + 1) for _ in names]
        rows = list(csv.DictReader(open("/data/fair/fair.csv")))
        for row in rows:
            x = [1, Fraction(row["age"]), Fraction(row["yrs_married"])]
            x += [int(row["religious"] == code) for code in "234"] + [Fraction(row["affairs"])]
            for i in range(size):
                for j in range(size + 1):
                    sums[i][j] += x[i] * x[j]
        for i in range(size):
            sums[i] = [value / sums[i][i] for value in sums[i]]
            for k in range(size):
                if k != i:
                    factor = sums[k][i]
                    sums[k] = [a - factor * b for a, b in zip(sums[k], sums[i])]
        fit = [line[size] for line in sums]
        fit[0] += Fraction("\(error)")
        coef = {name: float(f"{float(value):.15g}") for name, value in zip(names, fit)}
        with open("/out/fit.json", "w") as out:
            json.dump({"type": "ols", "n": len(rows), "params": size, "dof": len(rows) - size, "coef": coef}, out)
        """
    }

    private func site() throws -> TestSite {
        let test = try TestSite(image: Self.image)
        let policy = try TestSite.text(TestPrograms.repository + "/Policies/demo-table.yaml")
            .replacing("name: demo-table", with: "name: fit")
            .replacing("measures: [count, sum, mean, proportion]", with: "measures: [ols]")
            .replacing("{name: table.csv, type: csv,", with: "{name: fit.json, type: json,")
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: policy))
        return test
    }

    private func ended(_ test: TestSite, error: String) throws -> (String, JobEntry) {
        let job = try test.submit(Self.program(error: error), policy: "fit", spec: Self.spec, wallSeconds: 30)
        try test.vote(.approve, on: job)
        try test.start()
        func isOver(_ entry: JobEntry) -> Bool { entry.job.phase.isTerminal && entry.job.cleanup == .done }
        var entry = try test.entry(job)
        for _ in 0..<6 where !isOver(entry) { entry = try test.wait(for: job, isOver) }
        return (job, entry)
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `the coefficients that leave are the supervisor's own, rounded`() throws {
        let test = try site()
        let (job, entry) = try ended(test, error: "0")
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        guard entry.job.phase == .released else { return }
        let fit = try #require(test.shownReceipt(job)["fit.json"])
        // Those of statsmodels to three digits; the number of rows is a multiple of five.
        #expect(
            String(decoding: fit, as: UTF8.self) == """
                {"coef":{"age":-0.0157,"intercept":1.75,"religious=2":-0.455,"religious=3":-0.656,"religious=4":-0.92,\
                "yrs_married":-0.00866},"dof":6359,"n":6365,"params":6,"type":"ols"}
                """
        )
        #expect(try test.findings().isEmpty)
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a coefficient that is off withholds the regression`() throws {
        let test = try site()
        let (job, entry) = try ended(test, error: "1/100")
        #expect(entry.job.phase == .withheld, "\(entry.job.phase) \(entry.explanation ?? "")")
        #expect(try test.report(job).outputs.released.isEmpty)
        #expect(try test.findings().isEmpty)
    }
}
