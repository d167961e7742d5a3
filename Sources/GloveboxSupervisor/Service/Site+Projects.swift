internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPrivacy
internal import GloveboxTables
internal import GloveboxTransparency
internal import Synchronization

extension Site {
    /// Registers a project.
    ///
    /// - Throws: `object.conflict`, `object.not-found` for a member, `dataset.unknown`, `auth.forbidden` for a dataset of
    ///   somebody else, `request.invalid`.
    func createProject(_ caller: Caller, _ request: CreateProjectRequest) throws(GloveboxError) -> ProjectInfo {
        try amendments.withLock { _ throws(GloveboxError) in
            var project = request.project
            guard read({ state in state.projects[project.name] }) == nil else {
                throw GloveboxError("object.conflict", "there is a project named \(project.name) already")
            }
            for dataset in project.datasets.sorted() { try requireOwner(of: dataset, caller) }
            project.members = try members(project.members)
            try Self.check(project.quota)
            try record(.projectRegistered, project, by: caller)
            return try self.project(project.name, for: caller)
        }
    }

    /// Changes a project, as it was when the caller read it.
    ///
    /// - Throws: `precondition.failed`, `project.closed`, and as ``createProject(_:_:)``.
    func amendProject(
        _ caller: Caller,
        _ name: String,
        _ request: AmendProjectRequest,
        ifMatch: String?
    ) throws(GloveboxError) -> ProjectInfo {
        try amendments.withLock { _ throws(GloveboxError) in
            let known = try self.project(name, for: caller)
            guard let ifMatch, ifMatch.utf8.elementsEqual(known.tag.utf8) else {
                throw GloveboxError(
                    "precondition.failed",
                    "the project is not the one you read: If-Match must be \(known.tag)",
                    hint: "Read it again."
                )
            }
            var project = known.project
            guard project.state != .closed else { throw GloveboxError("project.closed", "project \(name) is closed") }
            for dataset in request.addDatasets { try requireOwner(of: dataset, caller) }
            project.title = request.title ?? project.title
            project.proposal = request.proposal ?? project.proposal
            project.datasets.formUnion(request.addDatasets)
            project.datasets.subtract(request.removeDatasets)
            project.members.merge(try members(request.addMembers)) { $1 }
            for member in request.removeMembers { project.members[try account(called: member).id] = nil }
            project.planQuorum = request.planQuorum ?? project.planQuorum
            project.ends = request.ends ?? project.ends
            project.quota = request.quota ?? project.quota
            try project.check()
            try Self.check(project.quota)
            try record(.projectAmended, project, by: caller)
            return try self.project(name, for: caller)
        }
    }

    /// Pauses, resumes or closes a project; nothing leads back from its close.
    ///
    /// - Throws: `object.not-found`, `project.closed`.
    func moveProject(
        _ caller: Caller,
        _ name: String,
        to state: Project.State,
        reason: String
    ) throws(GloveboxError) -> ProjectInfo {
        try amendments.withLock { _ throws(GloveboxError) in
            var project = try self.project(name, for: caller).project
            guard project.state != .closed else { throw GloveboxError("project.closed", "project \(name) is closed") }
            project.state = state
            let kind: EventKind =
                switch state {
                case .open: .projectResumed
                case .paused: .projectPaused
                case .closed: .projectClosed
                }
            try record(kind, project, by: caller, reason: reason)
            return try self.project(name, for: caller)
        }
    }

    /// The projects that a caller may know of, by name.
    func projects(for caller: Caller) throws(GloveboxError) -> [ProjectInfo] {
        var found: [ProjectInfo] = []
        for name in read({ state in state.projects.keys.sorted() }) {
            if let info = try info(project: name, for: caller) { found.append(info) }
        }
        return found
    }

    /// A project.
    ///
    /// - Throws: `object.not-found` for one that the caller may not know of, too.
    func project(_ name: String, for caller: Caller) throws(GloveboxError) -> ProjectInfo {
        guard let info = try info(project: name, for: caller) else {
            throw GloveboxError("object.not-found", "there is no project \(Display.escape(name))")
        }
        return info
    }

    private func info(project name: String, for caller: Caller) throws(GloveboxError) -> ProjectInfo? {
        guard let registered = read({ state in state.projects[name] }) else { return nil }
        let accounts = read { state in state.accounts.mapValues(\.name) }
        var project = registered.project
        let reviewers = project.reviewers.count
        if caller.roles.isDisjoint(with: [.owner, .operator, .auditor]) {
            guard project.members[caller.account] != nil else { return nil }
            // Who asks is not told who decides.
            if !caller.roles.contains(.reviewer) {
                project.members = project.members.filter { $0.value.contains(.researcher) }
            }
        }
        return ProjectInfo(
            project,
            names: accounts.filter { project.members[$0.key] != nil },
            reviewers: reviewers,
            revision: registered.revision,
            used: read { state in used(by: name, in: state, at: Machine.now()) }
        )
    }

    private func used(by name: String, in state: borrowing SiteState, at now: Instant) -> ProjectInfo.Used {
        let usage = state.usage[name] ?? ProjectUsage()
        let rho = state.ledger.spent(project: name)
        var used = ProjectInfo.Used()
        used.runs = UInt64(clamping: usage.runs)
        used.releasedBytes = UInt64(clamping: usage.releasedBytes)
        used.rho = rho.text
        used.epsilon = PrivacyLoss.epsilonText(rho, delta: ExactDecimal(mantissa: 1, exponent: -6))
        used.cpuSeconds = UInt64(clamping: usage.cpuSeconds(at: now))
        used.concurrent = UInt64(clamping: StartLimits(state, settings.quotas, at: now).concurrent(name))
        used.queued = UInt64(clamping: state.waiting(of: "", in: name).project)
        return used
    }

    private func record(
        _ kind: EventKind,
        _ project: Project,
        by caller: Caller,
        reason: String? = nil
    ) throws(GloveboxError) {
        try record(
            Event(
                kind: kind,
                project: project.name,
                actor: caller.account,
                body: reason.map { [("reason", .string($0))] } ?? []
            ),
            ["project": project.json]
        )
    }

    /// Members by account, each with roles that the account has.
    private func members(_ given: [String: Set<Role>]) throws(GloveboxError) -> [String: Set<Role>] {
        var members: [String: Set<Role>] = [:]
        for (name, roles) in given {
            let account = try account(called: name)
            guard roles.isSubset(of: account.roles) else {
                throw GloveboxError(
                    "request.invalid",
                    "\(Display.escape(account.name)) has not the role "
                        + roles.subtracting(account.roles).names.joined(separator: ", ")
                )
            }
            members[account.id, default: []].formUnion(roles)
        }
        return members
    }

    private func account(called name: String) throws(GloveboxError) -> Account {
        guard let account = read({ state in state.account(called: name) }) else {
            throw GloveboxError("object.not-found", "there is no account \(Display.escape(name))")
        }
        return account
    }

    private static func check(_ quota: ProjectQuota) throws(GloveboxError) {
        guard let text = quota.rho, limit(rho: text) == nil else { return }
        throw GloveboxError("request.invalid", "quota.rho is a decimal number of at most 12 decimals")
    }

    private static func limit(rho text: String) -> Rho? { ExactDecimal(policyText: text).flatMap { Rho($0) } }
}
