import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxPolicy
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Site, dataset, project and run: the documents of a plan, merged by the supervisor.
@Suite(.serialized) struct PolicyChainTests {
    private static let image = TestPrograms.image("python")
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])

    private static func document(_ kind: String, _ name: String, version: Int = 1, _ rest: String) -> String {
        "apiVersion: glovebox/v1\nkind: \(kind)\nmetadata: {name: \(name), version: \(version)}\n\(rest)\n"
    }

    private func add(
        _ test: TestSite,
        _ document: String,
        below: String = "demo-table",
        _ level: AddPolicyRequest.Place.Level,
        _ subject: String,
        by caller: Caller? = nil
    ) throws {
        let place = AddPolicyRequest.Place(below: below, level: level, subject: subject)
        _ = try test.site.addPolicy(caller ?? owner, AddPolicyRequest(document: document, place: place))
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a plan stands under the site's, the dataset's, the project's and its own policy`() throws {
        let test = try TestSite()
        let alone = try test.entry(test.submit("pass"))
        #expect(alone.rules.outputChain.layers.map(\.level) == [.site])
        for project in ["flu", "gout"] { try test.register(project) }
        try add(
            test,
            Self.document("OutputPolicy", "of-fair", "checks:\n  threshold: {min_units: 12}"),
            .dataset,
            "fair"
        )
        try add(
            test,
            Self.document(
                "OutputPolicy",
                "of-flu",
                "checks:\n  threshold: {min_units: 14}\nrounding: {counts: {base: 10}}"
            ),
            .project,
            "flu"
        )
        let own = Self.document("OutputPolicy", "of-run", "capacity: {max_bits_per_release: 4096}")
        let entry = try test.entry(test.submit("pass", project: "flu", tighten: [own]))
        let policy = entry.rules.output
        #expect(policy.checks.threshold?.minUnits == 14 && policy.rounding?.counts.base == 10)
        #expect(policy.capacity.maxBitsPerRelease == 4096)
        #expect(entry.manifest.policies.output == policy.document.digest)
        #expect(entry.rules.outputChain.layers.map(\.level) == [.site, .dataset, .project, .run])
        let limits = try #require(entry.rules.outputChain.limits.array)
        func origin(_ key: String) -> JSONValue? { limits.first { $0["key"]?.string == key } }
        #expect(origin("checks.threshold.min_units")?["set_by"] == "project of-flu")
        #expect(origin("checks.threshold.min_units")?["line"] == 5)
        #expect(origin("capacity.max_bits_per_release")?["set_by"] == "run of-run")
        #expect(origin("checks.differencing.min_units")?["set_by"] == "site demo-table")
        let other = try test.entry(test.submit("pass", project: "gout"))
        #expect(other.rules.output.checks.threshold?.minUnits == 12, "another project has the dataset's alone")
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a policy that loosens what stands above it is refused with its line`() throws {
        let test = try TestSite()
        try test.register("flu")
        func refusal(_ body: () throws -> Void) -> GloveboxError? { #expect(throws: GloveboxError.self) { try body() } }
        let loose = Self.document("OutputPolicy", "loose", "checks:\n  threshold:\n    min_units: 9")
        for (level, subject) in [(AddPolicyRequest.Place.Level.dataset, "fair"), (.project, "flu")] {
            let error = refusal { try add(test, loose, level, subject) }
            #expect(error?.code == "policy.loosens")
            #expect(error?.message.contains("checks.threshold.min_units (line 6)") == true, "\(error?.message ?? "")")
        }
        let error = refusal { _ = try test.submit("pass", tighten: [loose]) }
        #expect(error?.code == "policy.loosens" && error?.message.contains("(line 6)") == true)
        // Tighter than the site's, looser than the dataset's: found when the two meet in a plan.
        try add(
            test,
            Self.document("OutputPolicy", "of-fair", "checks: {threshold: {min_units: 20}}"),
            .dataset,
            "fair"
        )
        try add(test, Self.document("OutputPolicy", "of-flu", "checks: {threshold: {min_units: 15}}"), .project, "flu")
        #expect(refusal { _ = try test.submit("pass", project: "flu") }?.code == "policy.loosens")
        // Only the owner of the dataset or an operator speaks for it.
        let stranger = Caller(account: "acc_x", name: "x", roles: [.owner])
        let strict = Self.document("OutputPolicy", "strict", version: 2, "checks: {threshold: {min_units: 30}}")
        #expect(refusal { try add(test, strict, .dataset, "fair", by: stranger) }?.code == "auth.forbidden")
        let again = Self.document("OutputPolicy", "of-fair", "checks: {threshold: {min_units: 21}}")
        #expect(refusal { try add(test, again, .dataset, "fair") }?.code == "object.conflict")
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a plan whose policies changed is not taken, and an approved one does not run`() throws {
        let test = try TestSite()
        let waiting = try test.submit("pass")
        try test.vote(.approve, on: waiting)
        let made = try test.plan("pass")
        try add(
            test,
            Self.document("OutputPolicy", "of-fair", "checks: {threshold: {min_units: 20}}"),
            .dataset,
            "fair"
        )
        #expect(throws: GloveboxError("policy.changed", "")) { try test.submit(made) }
        try test.start()
        let entry = try test.wait(for: waiting) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        #expect(entry.job.phase == .errored && entry.job.reasons == ["policy.changed"])
        #expect(try SiteLog.records(test.site.log).contains { $0.job == waiting && $0.kind == .keyReleased } == false)
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `a project sees the columns and rows its input policy leaves, and the report says under which policies`()
        throws
    {
        let test = try TestSite(image: Self.image)
        try test.register("flu")
        let fewer = Self.document(
            "InputPolicy",
            "fair-flu",
            "columns: [age, children, religious]\nrow_filter: [{column: age, op: ge, value: \"25\"}]"
        )
        try add(test, fewer, below: "fair", .project, "flu")
        let hidden =
            #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"table.csv","#
            + #""group_by":["occupation"],"where":[],"statistic":"count","totals":false}"#
        #expect(throws: GloveboxError("spec.column", "")) {
            try test.submit("pass", spec: ("table.spec.json", hidden), project: "flu")
        }
        let spec =
            #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"fair","output":"table.csv","#
            + #""group_by":["religious"],"where":[],"statistic":"count","totals":false}"#
        let program = """
            import collections, csv
            rows = list(csv.DictReader(open("/data/fair/fair.csv")))
            assert list(rows[0]) == ["age", "children", "religious"]
            assert all(float(row["age"]) >= 25 for row in rows)
            counts = collections.Counter(row["religious"] for row in rows)
            with open("/out/table.csv", "w") as out:
                out.write("religious,n\\n")
                for code in ["1", "2", "3", "4"]:
                    out.write(f"{code},{counts[code]}\\n")

            """
        let job = try test.submit(program, spec: ("table.spec.json", spec), wallSeconds: 2, project: "flu")
        try test.vote(.approve, on: job)
        try test.start()
        let entry = try test.wait(for: job) { $0.job.phase.isTerminal && $0.job.cleanup == .done }
        #expect(entry.job.phase == .released, "\(entry.job.phase) \(entry.explanation ?? "")")
        let report = try test.report(job)
        let input = try #require(report.policies.input)
        #expect(
            input.digest == entry.manifest.policies.input && input.sources.map(\.name) == ["fair-default", "fair-flu"]
        )
        #expect(report.policies.output.sources.isEmpty, "one document needs no list")
        #expect(report.inputs.first?.view != nil)
    }
}
