import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// The shipped policy of programs over blocks for tests: eight short blocks, and little noise.
enum ProgramSite {
    /// The policy; `wall` is what a block is given.
    static func policy(wall: String = "1s", dataset: String = "20000", epsilon: String = "100") throws -> String {
        let shipped = try TestSite.text(TestPrograms.repository + "/Policies/dp-program.yaml")
        let text = shipped.replacing("name: dp-program", with: "name: program-test").replacing("15m", with: "1s")
            .replacing("count: 64", with: "count: 8").replacing("wall_limit: 60s", with: "wall_limit: \(wall)")
            .replacing("epsilon_per_coordinate: \"0.25\"", with: "epsilon_per_coordinate: \"\(epsilon)\"")
            .replacing("per_query_rho_max: \"0.1\"", with: "per_query_rho_max: \"20000\"")
            .replacing("dataset_rho: \"0.5\"", with: "dataset_rho: \"\(dataset)\"")
            .replacing("project_rho: \"0.2\"", with: "project_rho: \"20000\"")
        try #require(text.contains("count: 8,") && text.contains("program-test") && !text.contains("\"0.5\""))
        return text
    }

    /// A site with that policy.
    static func found(_ image: String?, _ policy: String) throws -> TestSite {
        let test = try TestSite(image: image)
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: policy))
        return test
    }

    /// A shell program that gives the share of women with an affair, their mean age, and the share of very religious ones.
    static let honest = """
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            { n++; with += $at["affairs"] > 0; age += $at["age"]; devout += $at["religious"] == 4 }
            END { printf "[%.17g, %.17g, %.17g]\\n", with / n, age / n, devout / n }' /data/fair/fair.csv > /out/result.json

        """

    /// A plan that runs a shell program.
    static func plan(_ test: TestSite, _ program: String) throws -> CreatedPlan {
        try test.plan(program, policy: "program-test", wallSeconds: nil, argv: ["sh", "main.py"])
    }
}
