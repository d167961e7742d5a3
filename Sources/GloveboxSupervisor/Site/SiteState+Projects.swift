internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPolicy

/// A project as the journal tells it last.
struct RegisteredProject: Sendable {
    let project: Project
    /// The event that made it so.
    let revision: UInt64
}

extension SiteState {
    /// Takes a project in as an event tells it.
    mutating func addProject(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "event")
        let project = try Project(json: fields.required("project"))
        projects[project.name] = RegisteredProject(project: project, revision: record.index)
    }

    /// The account of that id or name; nil when there is none.
    func account(called text: String) -> Account? {
        accounts[text] ?? accounts.values.first { $0.name.utf8.elementsEqual(text.utf8) }
    }

    /// The projects that an account takes part in.
    func projects(of account: String) -> Set<String> {
        Set(projects.filter { $0.value.project.members[account] != nil }.keys)
    }

    /// Checks that an account may bring a plan to a project; the site's own is open to all until it is registered.
    ///
    /// - Throws: `project.*`.
    func requireProject(
        _ name: String,
        for account: String,
        reading datasets: [String],
        at now: Instant
    ) throws(GloveboxError) {
        if let registered = projects[name] {
            try registered.project.admit(account, reading: datasets, at: now)
        } else if name != Project.standard {
            throw Project.unknown(name)
        }
    }

    /// Checks that a project's purpose is one that its data's owners allow.
    ///
    /// - Throws: `project.purpose`.
    func requirePurpose(of name: String, under policy: InputPolicy?) throws(GloveboxError) {
        try Project.admit(projects[name]?.project.proposal.code, for: policy?.purposes ?? [])
    }

    /// Checks that somebody reviews for a project: everyone does while it has no reviewers of its own.
    ///
    /// - Throws: `auth.forbidden`.
    func requireReviewer(_ account: String, of name: String) throws(GloveboxError) {
        guard !mayReview(account, of: name) else { return }
        throw GloveboxError("auth.forbidden", "project \(name) has reviewers of its own, and you are none of them")
    }

    /// Checks that somebody has no part in what a project asks for: who does research in it has no word on its releases.
    ///
    /// Source: release policy section 13.3.
    ///
    /// - Throws: `approval.separation`.
    func requireOutsider(_ account: String, of name: String) throws(GloveboxError) {
        guard projects[name]?.project.has(account, as: .researcher) == true else { return }
        throw GloveboxError(
            "approval.separation",
            "who does research in the project \(name) has no word on its releases",
            hint: "Ask somebody who does not."
        )
    }

    /// Whether somebody reviews for a project.
    func mayReview(_ account: String, of name: String) -> Bool {
        let reviewers = projects[name]?.project.reviewers ?? []
        return reviewers.isEmpty || reviewers.contains(account)
            || accounts[account]?.roles.contains(.owner) == true
    }

    /// Why a job that waits has nothing to wait for any more: its project is over, or no longer the submitter's or the data's.
    func end(of entry: JobEntry, at now: Instant) -> GloveboxError? {
        guard let project = projects[entry.manifest.project]?.project else { return nil }
        guard entry.job.phase == .awaitingApproval || entry.job.phase == .queued else { return project.over(at: now) }
        do throws(GloveboxError) {
            try project.admit(entry.job.submitter, reading: entry.manifest.inputs.map(\.name), at: now)
            try requirePurpose(of: project.name, under: entry.rules.input)
            return nil
        } catch { return error }
    }

    /// When the project of a job ends, if it does.
    func projectEnd(of entry: JobEntry) -> Instant? { projects[entry.manifest.project]?.project.ends }
}
