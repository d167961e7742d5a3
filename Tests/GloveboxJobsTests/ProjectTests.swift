import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct ProjectTests {
    private static let now = Instant(seconds: 1_795_536_600)

    private static func project(_ change: (inout Project) -> Void = { _ in }) throws -> Project {
        var project = try Project(
            name: "flu",
            title: "Flu",
            proposal: Project.Proposal(purpose: "why", variables: ["age"], outputs: ["a table"]),
            members: ["acc_a": [.researcher], "acc_r": [.reviewer]],
            datasets: ["fair"],
            planQuorum: 2,
            ends: now.adding(seconds: 60)
        )
        change(&project)
        return project
    }

    @Test func `a project comes back from its JSON as it was`() throws {
        let project = try Self.project { project in
            project.state = .paused
            project.starts = Self.now
            project.quota.runs = 3
            project.quota.rho = "0.5"
        }
        #expect(try Project(json: project.json) == project)
        var object = try #require(project.json.object)
        object["more"] = "x"
        #expect(throws: GloveboxError("schema.unknown-field", "")) { try Project(json: .object(object)) }
    }

    @Test(arguments: [
        "project.unknown": ("acc_x", "fair", 0), "project.dataset": ("acc_a", "other", 0),
        "project.expired": ("acc_a", "fair", 60), "none": ("acc_a", "fair", 59),
    ])
    func `who asks, for what and when decides whether a plan is taken`(
        code: String,
        asked: (account: String, dataset: String, after: Int64)
    ) throws {
        let project = try Self.project()
        var refusal: GloveboxError?
        do throws(GloveboxError) {
            try project.admit(asked.account, reading: [asked.dataset], at: Self.now.adding(seconds: asked.after))
        } catch { refusal = error }
        #expect(refusal?.code ?? "none" == code)
        let closed = try Self.project { $0.state = .closed }
        #expect(throws: GloveboxError("project.closed", "")) {
            try closed.admit("acc_a", reading: ["fair"], at: Self.now)
        }
    }

    @Test func `a reviewer of a project hands in nothing, and an operator is no member`() throws {
        #expect(throws: GloveboxError("project.unknown", "")) {
            try Self.project().admit("acc_r", reading: [], at: Self.now)
        }
        #expect(throws: GloveboxError("request.invalid", "")) {
            try Self.project { $0.members["acc_o"] = [.operator] }.check()
        }
    }

    @Test func `processor time counts for the hour it began in and the 23 after it`() {
        let hour = Instant(milliseconds: 3_600_000 * 1000)
        var usage = ProjectUsage()
        usage.start(cpuSeconds: 600, at: hour)
        usage.start(cpuSeconds: 500, at: hour.adding(seconds: 2 * 3600))
        #expect(usage.runs == 2 && usage.cpuSeconds(at: hour.adding(seconds: 23 * 3600 + 3599)) == 1100)
        #expect(usage.cpuSeconds(at: hour.adding(seconds: 24 * 3600)) == 500)
        let now = hour.adding(seconds: 3 * 3600 + 5)
        #expect(usage.moment(for: 100, within: 1200, at: now) == now)
        #expect(usage.moment(for: 600, within: 1200, at: now) == hour.adding(seconds: 24 * 3600))
        #expect(usage.moment(for: 1201, within: 1200, at: now) == nil)
    }
}
