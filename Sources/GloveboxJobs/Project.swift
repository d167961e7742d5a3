package import GloveboxCore

/// A piece of research at a site: who takes part, on which data, why, until when, and how much of everything.
///
/// A value; the journal keeps it whole after each change.
///
/// Source: job-backend section 1.
package struct Project: Sendable, Hashable {
    /// What reviewers are told before its first plan.
    package struct Proposal: Sendable, Hashable {
        /// Why, in words for people.
        package var purpose: String
        /// Why, as a code that datasets' input policies allow or do not, such as `general-research`; nil for none.
        package var code: String?
        /// The variables it is about.
        package var variables: [String]
        /// What shall come out.
        package var outputs: [String]

        /// A proposal.
        package init(purpose: String, code: String? = nil, variables: [String] = [], outputs: [String] = []) {
            (self.purpose, self.code, self.variables, self.outputs) = (purpose, code, variables, outputs)
        }
    }

    /// Whether it starts and releases anything.
    package enum State: String, Sendable, Hashable, CaseIterable {
        case open
        /// Nothing starts until it is open again.
        case paused
        /// For good.
        case closed
    }

    /// The project of plans that name none: every account may use it and every dataset, until somebody registers it.
    package static let standard = "default"

    /// Its name, which is never given to another.
    package let name: String
    /// What people call it.
    package var title: String
    /// Its proposal.
    package var proposal: Proposal
    /// Who takes part, each as researcher, reviewer or both, by account.
    package var members: [String: Set<Role>]
    /// The datasets that its plans may read.
    package var datasets: Set<String>
    /// Approvals that its plans need, when those are more than the site's; nil for the site's.
    package var planQuorum: Int?
    /// Before this moment nothing starts; nil for at once.
    package var starts: Instant?
    /// From this moment on nothing is taken, started or released; nil for never.
    package var ends: Instant?
    /// Its limits.
    package var quota: ProjectQuota
    /// Where it stands.
    package var state: State = .open

    /// A new project.
    ///
    /// - Throws: `request.invalid`, `limit.exceeded`.
    package init(
        name: String,
        title: String,
        proposal: Proposal,
        members: [String: Set<Role>] = [:],
        datasets: Set<String> = [],
        planQuorum: Int? = nil,
        starts: Instant? = nil,
        ends: Instant? = nil,
        quota: ProjectQuota = ProjectQuota()
    ) throws(GloveboxError) {
        (self.name, self.title, self.proposal) = (name, title, proposal)
        (self.members, self.datasets, self.planQuorum) = (members, datasets, planQuorum)
        (self.starts, self.ends, self.quota) = (starts, ends, quota)
        try check()
    }

    /// Whether an account takes part as that.
    package func has(_ account: String, as role: Role) -> Bool { members[account]?.contains(role) ?? false }

    /// The accounts whose votes count; empty when those of every reviewer of the site do.
    package var reviewers: Set<String> { Set(members.filter { $0.value.contains(.reviewer) }.keys) }

    /// Checks what an account submits.
    ///
    /// Who takes no part is not told that there is such a project.
    ///
    /// - Throws: `project.unknown`, `project.closed`, `project.expired`, `project.dataset`.
    package func admit(_ account: String, reading datasets: [String], at now: Instant) throws(GloveboxError) {
        guard has(account, as: .researcher) else { throw Self.unknown(name) }
        if let over = over(at: now) { throw over }
        for dataset in datasets where !self.datasets.contains(dataset) {
            throw GloveboxError(
                "project.dataset",
                "\(dataset) is no dataset of project \(name)",
                hint: "Its owner adds it: glovebox project add \(name) --dataset \(dataset)"
            )
        }
    }

    /// Checks that a project's purpose is one of those that data may be used for; none is named where any will do.
    ///
    /// Codes are compared byte by byte, nothing follows from another. Source: release policy section 15.
    ///
    /// - Throws: `project.purpose`.
    package static func admit(_ code: String?, for purposes: [String]) throws(GloveboxError) {
        guard !purposes.isEmpty else { return }
        if let code, purposes.contains(where: { $0.utf8.elementsEqual(code.utf8) }) { return }
        throw GloveboxError(
            "project.purpose",
            "the data may be used for \(purposes.map(Display.escape).joined(separator: ", ")), and the project "
                + (code.map { "is for \($0)" } ?? "declares no code of a purpose"),
            hint: "Its owner or an operator declares one: glovebox project set NAME --purpose-code CODE"
        )
    }

    /// Why nothing of the project is taken, started or released any more; nil while it is.
    package func over(at now: Instant) -> GloveboxError? {
        if state == .closed { return GloveboxError("project.closed", "project \(name) is closed") }
        if let ends, ends <= now { return GloveboxError("project.expired", "project \(name) ended at \(ends.text)") }
        return nil
    }

    /// The error for a project that there is not, or that the caller takes no part in.
    package static func unknown(_ name: String) -> GloveboxError {
        GloveboxError(
            "project.unknown",
            "you take part in no project \(Display.escape(name))",
            hint: "'glovebox project list' shows yours; an owner or operator adds people."
        )
    }

    /// Checks what its fields may be.
    ///
    /// - Throws: `request.invalid`, `limit.exceeded`.
    package func check() throws(GloveboxError) {
        try Self.check([title], atMost: 256, "a title")
        try Self.check([proposal.purpose], atMost: 4096, "a purpose")
        if let code = proposal.code, !Identifier.isCode(code) {
            throw GloveboxError("request.invalid", "a purpose's code has 1 to 64 of a to z, 0 to 9 and -")
        }
        try Self.check(proposal.variables, atMost: 128, "a variable")
        try Self.check(proposal.outputs, atMost: 1024, "an expected output")
        guard members.count <= 1000, datasets.count <= 100, proposal.variables.count <= 1000,
            proposal.outputs.count <= 100
        else {
            throw GloveboxError(
                "limit.exceeded",
                "a project has at most 1000 members, 1000 variables, 100 datasets and 100 expected outputs"
            )
        }
        for roles in members.values where roles.isEmpty || !roles.isSubset(of: [.researcher, .reviewer]) {
            throw GloveboxError("request.invalid", "a member takes part as researcher, as reviewer, or as both")
        }
        if let planQuorum, !(1...16).contains(planQuorum) {
            throw GloveboxError("request.invalid", "a plan needs 1 to 16 approvals")
        }
        if let starts, let ends, ends <= starts {
            throw GloveboxError("request.invalid", "a project ends after it starts")
        }
        try quota.check()
    }

    private static func check(_ texts: [String], atMost limit: Int, _ what: String) throws(GloveboxError) {
        for text in texts where text.isEmpty || text.utf8.count > limit {
            throw GloveboxError("limit.exceeded", "\(what) has 1 to \(limit) bytes")
        }
    }
}
