import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import GloveboxTransparency
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Projects at a site: who may bring what to them, and what becomes of it when they end.
@Suite(.serialized) struct ProjectTests {
    private static let hasData = TestPrograms.variable("GLOVEBOX_FAIR_CSV") != nil
    private static let image = TestPrograms.image("python")
    private let owner = TestSite.owner

    private func code(_ body: () throws -> Void) -> String? {
        do { try body() } catch let error as GloveboxError { return error.code } catch { return "\(error)" }
        return nil
    }

    private func amend(_ test: TestSite, _ name: String, _ change: (inout AmendProjectRequest) -> Void) throws {
        let known = try test.site.project(name, for: owner)
        var request = AmendProjectRequest()
        change(&request)
        _ = try test.site.amendProject(owner, name, request, ifMatch: known.tag)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a project takes the plans of its researchers on its datasets while it lasts, and no others`() throws {
        let test = try TestSite()
        #expect(code { _ = try test.submit("pass", project: "flu") } == "project.unknown")
        try test.register("flu", members: [:], datasets: [])
        #expect(code { _ = try test.submit("pass", project: "flu") } == "project.unknown", "as if there were none")
        try amend(test, "flu") { $0.addMembers = ["alice": [.researcher]] }
        #expect(code { _ = try test.submit("pass", project: "flu") } == "project.dataset")
        try amend(test, "flu") { $0.addDatasets = ["fair"] }
        let made = try test.plan("pass", project: "flu")
        let job = try test.submit("pass", project: "flu")
        #expect(try test.entry(job).job.project == "flu")
        try amend(test, "flu") { $0.ends = Machine.now() }
        #expect(code { _ = try test.submit(made) } == "project.expired", "a plan made before is not taken after")
        try amend(test, "flu") { $0.ends = Machine.now().adding(seconds: 3600) }
        _ = try test.submit(made)
        _ = try test.site.moveProject(owner, "flu", to: .closed, reason: "done")
        #expect(code { _ = try test.plan("pass", project: "flu") } == "project.closed")
        #expect(code { try amend(test, "flu") { $0.title = "t" } } == "project.closed")
        // The site's own project is open to all until somebody registers it.
        _ = try test.submit("pass")
        try test.register("default", members: ["rita": [.reviewer]], datasets: ["fair"])
        #expect(code { _ = try test.submit("pass") } == "project.unknown")
    }

    /// Registers the demo's file as `study`, for some purposes.
    private func register(_ purposes: String, in test: TestSite) throws {
        let documents = TestPrograms.repository + "/Deploy/demo/"
        let request = AddDatasetRequest(
            name: "study",
            schema: try TestSite.text(documents + "fair.dataset.yaml").replacing("name: fair", with: "name: study"),
            inputPolicy: try TestSite.text(documents + "fair.input.yaml")
                .replacing("dataset: fair", with: "dataset: study") + "purposes: \(purposes)\n",
            privatePath: TestPrograms.variable("GLOVEBOX_FAIR_CSV") ?? ""
        )
        _ = try test.site.addDataset(owner, request)
    }

    private static let spec = """
        {"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"study","output":"table.csv","group_by":["rate_marriage"]}
        """

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `data for some purposes is read by projects of one of them alone, at submission and at start`()
        throws
    {
        let test = try TestSite()
        #expect(code { try register("[for teaching]", in: test) } == "input-policy.purpose", "words are no code")
        try register("[teaching, audit]", in: test)
        func plan(_ project: String?) throws -> CreatedPlan {
            try test.plan("pass", spec: ("table.spec.json", Self.spec), project: project, dataset: "study")
        }
        #expect(code { _ = try plan(nil) } == "project.purpose", "the site's own project has none")
        try test.register("flu", datasets: ["study"])
        #expect(code { _ = try plan("flu") } == "project.purpose", "words are not compared")
        func declare(_ purpose: String?) throws {
            try amend(test, "flu") { $0.proposal = Project.Proposal(purpose: "audit", code: purpose) }
        }
        for other in ["audits", "audi", "teaching-audit"] {
            try declare(other)
            #expect(code { _ = try plan("flu") } == "project.purpose", "\(other)")
        }
        #expect(code { try declare("Audit") } == "request.invalid")
        try declare("audit")
        let (made, later) = (try plan("flu"), try plan("flu"))
        let job = try test.submit(made)
        try test.vote(.approve, on: job)
        try declare("sales")
        #expect(code { _ = try test.submit(later) } == "project.purpose", "a plan made before is not taken after")
        let entry = try test.entry(job)
        #expect(code { try test.site.requireCurrent(entry.rules, for: entry.manifest) } == "project.purpose")
        try test.start()
        let ended = try test.wait(for: job) { $0.job.cleanup == .done }
        #expect(ended.job.phase == .expired && ended.job.reasons == ["project.purpose"])
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `jobs that wait end with their project, wait while it is paused, and outlive a restart`() throws {
        var test = try TestSite()
        try test.register("flu")
        try test.register("gout")
        try test.register("mumps")
        let closing = try test.submit("pass", project: "flu")
        let leaving = try test.submit("pass", project: "gout")
        let pausing = try test.submit("pass", project: "mumps")
        for job in [closing, leaving, pausing] { try test.vote(.approve, on: job) }
        _ = try test.site.moveProject(owner, "flu", to: .closed, reason: "no money")
        try amend(test, "gout") { $0.removeMembers = ["alice"] }
        _ = try test.site.moveProject(owner, "mumps", to: .paused, reason: "a question")
        try test.reopen { _ in }
        #expect(try test.site.project("flu", for: owner).project.state == .closed)
        try test.start()
        func isOver(_ entry: JobEntry) -> Bool { entry.job.cleanup == .done }
        let closed = try test.wait(for: closing, isOver)
        #expect(closed.job.phase == .expired && closed.job.reasons == ["project.closed"])
        let left = try test.wait(for: leaving, isOver)
        #expect(left.job.phase == .expired && left.job.reasons == ["project.unknown"])
        _ = try test.wait(for: pausing) { $0.job.phase == .queued }
        let waiting = try test.info(pausing).waiting
        #expect(waiting?.code == .projectPaused && waiting?.waitingOn == [.role(.owner, need: 1, have: 0)])
        _ = try test.site.moveProject(owner, "mumps", to: .open, reason: "answered")
        // The image is one that no kernel mounts.
        #expect(try test.wait(for: pausing, isOver).job.phase == .errored)
        let used = try test.site.project("mumps", for: owner).used
        #expect(used.runs == 1 && used.cpuSeconds == 600 && used.concurrent == 0)
    }

    @Test(.enabled(if: hasData && image != nil, "needs GLOVEBOX_FAIR_CSV and the image python"))
    func `what a run leaves after the end of its project is not released`() throws {
        let test = try TestSite(image: Self.image)
        try test.register("flu")
        let program = try TestSite.text(TestPrograms.repository + "/Tests/EndToEnd/Fixtures/fair-affairs/main.py")
        let job = try test.submit("import time\ntime.sleep(5)\n" + program, wallSeconds: 30, project: "flu")
        try test.vote(.approve, on: job)
        try test.start()
        for _ in 0..<10 where try test.wait(for: job, { $0.job.phase == .running }).job.phase != .running {}
        _ = try test.site.moveProject(owner, "flu", to: .closed, reason: "no money")
        for _ in 0..<10 where try test.wait(for: job, { $0.job.cleanup == .done }).job.cleanup != .done {}
        let entry = try test.entry(job)
        #expect(entry.job.phase == .withheld && entry.job.reasons == ["project.closed"])
        #expect(try !test.evidence(job).contains("outputs/table.csv") && test.findings().isEmpty)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a project's own reviewers decide, as many as it wants, and its researchers are not shown them`() throws {
        let test = try TestSite()
        try test.register("flu", members: ["alice": [.researcher], "rolf": [.reviewer]], planQuorum: 2)
        let job = try test.submit("pass", project: "flu")
        try test.site.transition(job, .accepted(needsApproval: true))
        #expect(code { try test.vote(.approve, on: job) } == "auth.forbidden")
        #expect(test.inbox(.first).isEmpty && test.inbox(.second).count == 1)
        #expect(try test.entry(job).tally.quorum.need == 2)
        let seen = try test.site.project("flu", for: test.researcher.caller)
        #expect(Array(seen.names.values) == ["alice"] && seen.reviewers == 1)
        #expect(code { _ = try test.site.project("flu", for: test.reviewer.caller) } == "object.not-found")
        #expect(try test.site.projects(for: test.reviewer.caller).isEmpty)
        try amend(test, "flu") { $0.addMembers = ["rita": [.reviewer]] }
        try test.vote(.approve, on: job)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `jobs are shown to those of their project, who decides and who looks after the site, and to nobody else`()
        throws
    {
        let test = try TestSite()
        let site = test.site
        let bob = try TestSite.person("bob", .researcher, site).caller
        let carl = try TestSite.person("carl", .researcher, site).caller
        try test.register("flu", members: ["alice": [.researcher], "bob": [.researcher], "rolf": [.reviewer]])
        let (job, other) = (try test.submit("pass", project: "flu"), try test.submit("pass"))
        let plans = try [job, other].map { (id: $0, digest: try test.entry($0).manifest.digest) }
        func seen(_ caller: Caller) throws -> Set<String> {
            let listed = Set(try site.jobs(for: caller, JobQuery(limit: 50)).items.map(\.id))
            #expect(try Set(site.tasks(for: caller, TaskQuery()).items.map(\.id)) == listed)
            for (id, plan) in plans {
                let expected: String? = listed.contains(id) ? nil : "object.not-found"
                #expect(code { _ = try site.info(id, for: caller) } == expected)
                #expect(code { _ = try site.plan(plan, for: caller) } == expected)
                #expect(code { _ = try site.look(caller, job: id, after: .start) } == expected)
            }
            return listed
        }
        func check() throws {
            #expect(try seen(test.researcher.caller) == [job, other])
            #expect(try seen(bob) == [job])
            #expect(try seen(carl).isEmpty)
            #expect(try seen(test.reviewer.caller) == [other], "the project has reviewers of its own")
            #expect(try seen(test.person(.second).caller) == [job, other])
            for role in [Role.owner, .operator, .auditor] {
                #expect(try seen(Caller(account: "acc_x", name: "x", roles: [role])) == [job, other])
            }
        }
        try check()
        #expect(code { _ = try site.cancel(bob, job, CancelRequest()) } == "auth.forbidden")
        #expect(code { _ = try site.results(job, for: bob) } == "auth.forbidden")
        #expect(code { _ = try site.receipt(job, for: bob) } == "auth.forbidden")
        #expect(site.whoami(bob).projects == [WhoAmI.Membership(project: "flu", roles: [.researcher])])
        #expect(site.whoami(carl).projects.isEmpty)
        // What the index tells of jobs that ended is shown to the same people.
        for id in [job, other] {
            _ = try site.cancel(test.researcher.caller, id, CancelRequest())
            try site.transition(id, .cleaned)
        }
        site.writeIndex()
        try check()
        try amend(test, "flu") { $0.removeMembers = ["bob"] }
        #expect(try seen(bob).isEmpty)
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `budgets tell what was used of each limit, of projects that the caller takes part in alone`() throws {
        let test = try TestSite()
        try test.register("flu")
        try amend(test, "flu") { request in
            var quota = ProjectQuota(rho: "0.5")
            quota.runs = 7
            request.quota = quota
        }
        let all = try test.site.budgets(for: test.researcher.caller, project: nil, dataset: nil)
        #expect(all.map(\.holder) == [.project("flu"), .dataset("fair")])
        #expect(all[0].runs == BudgetInfo.Amount(used: "0", limit: "7"))
        #expect(all[0].rho == BudgetInfo.Amount(used: "0", limit: "0.5") && all[0].releasedBytes?.limit == nil)
        #expect(all[1].rho.used == "0" && all[1].runs == nil && !all[1].policies.isEmpty)
        for budget in all { #expect(try BudgetInfo(encoded: budget.encoded).json == budget.json) }
        let carl = try TestSite.person("carl", .researcher, test.site).caller
        #expect(code { _ = try test.site.budgets(for: carl, project: "flu", dataset: nil) } == "object.not-found")
        #expect(try test.site.budgets(for: carl, project: nil, dataset: nil).map(\.holder) == [.dataset("fair")])
        #expect(code { _ = try test.site.budgets(for: carl, project: nil, dataset: "none") } == "dataset.unknown")
    }

    @Test(.enabled(if: hasData, "needs GLOVEBOX_FAIR_CSV"))
    func `a change is of what its author read, of an owner's own data, and of roles that people have`() throws {
        let test = try TestSite()
        try test.register("flu")
        let known = try test.site.project("flu", for: owner)
        var change = AmendProjectRequest()
        change.title = "first"
        _ = try test.site.amendProject(owner, "flu", change, ifMatch: known.tag)
        for tag in [known.tag, nil, "*"] {
            let refusal = code { _ = try test.site.amendProject(owner, "flu", change, ifMatch: tag) }
            #expect(refusal == "precondition.failed")
        }
        let stranger = Caller(account: "acc_x", name: "x", roles: [.owner])
        #expect(code { try test.register("gout", by: stranger) } == "auth.forbidden")
        #expect(code { try test.register("gout", members: ["rita": [.researcher]]) } == "request.invalid")
        #expect(code { try test.register("gout", members: ["nobody": [.researcher]]) } == "object.not-found")
        #expect(code { try test.register("flu") } == "object.conflict")
        #expect(code { try amend(test, "flu") { $0.quota = ProjectQuota(rho: "much") } } == "request.invalid")
        let events = try SiteLog.records(test.site.log).filter { $0.kind.rawValue.hasPrefix("project.") }
        #expect(events.map(\.kind) == [.projectRegistered, .projectAmended])
        #expect(try test.findings().isEmpty)
    }
}

extension ProjectQuota {
    init(rho: String) {
        self.init()
        self.rho = rho
    }
}
