internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPrivacy
internal import GloveboxTables

extension Site {
    /// Checks what a submission would add to what its account and its project have open and have used.
    ///
    /// - Throws: `quota.exceeded` for what does not clear by itself.
    func requireQuota(_ draft: PlanDraft) throws(GloveboxError) {
        let manifest = draft.manifest
        let name = manifest.project
        let (quota, usage, waiting) = read { state in
            (
                state.projects[name]?.project.quota ?? ProjectQuota(), state.usage[name] ?? ProjectUsage(),
                state.waiting(of: manifest.submitter, in: name)
            )
        }
        func require(_ used: Int64, _ more: Int64, within most: Int64?, _ what: String) throws(GloveboxError) {
            guard let most, used + more > most else { return }
            throw GloveboxError("quota.exceeded", "\(what): \(used) of \(most) are taken, and \(more) more asked for")
        }
        try require(waiting.account, 1, within: settings.quotas.queued, "jobs of this account that wait")
        try require(waiting.project, 1, within: quota.queued, "jobs of project \(name) that wait")
        try require(usage.runs + waiting.unstarted, 1, within: quota.runs, "runs of project \(name)")
        try require(
            0,
            Int64(clamping: manifest.core.limits.cpuSeconds),
            within: quota.cpuSecondsPerDay,
            "seconds of processor time of project \(name) in 24 hours"
        )
        if !manifest.inputs.isEmpty {
            let most = draft.rules.output.mostReleased
            try require(usage.releasedBytes, most, within: quota.releasedBytes, "released bytes of project \(name)")
        }
    }

    /// Checks that a project may spend that much more on answers with noise.
    ///
    /// - Throws: `budget.exhausted`.
    func requireRoom(for charge: PrivacyLedger.Charge, in ledger: PrivacyLedger) throws(GloveboxError) {
        guard let text = read({ state in state.projects[charge.project]?.project.quota.rho }),
            let most = ExactDecimal(policyText: text).flatMap({ Rho($0) })
        else { return }
        let spent = ledger.spent(project: charge.project)
        guard try spent.adding(charge.rho) > most else { return }
        throw GloveboxError(
            "budget.exhausted",
            "project \(Display.escape(charge.project)) has spent rho \(spent.text) of \(most.text), and "
                + "\(charge.rho.text) more is asked for",
            hint: "Ask for a smaller rho, or for an answer that was already paid for."
        )
    }
}

extension SiteState {
    /// How many jobs of an account and of a project wait to run, and how many of the project's never ran.
    func waiting(of account: String, in project: String) -> (account: Int64, project: Int64, unstarted: Int64) {
        var found: (account: Int64, project: Int64, unstarted: Int64) = (0, 0, 0)
        for id in open {
            guard let entry = jobs[id], entry.waitsToRun else { continue }
            if entry.job.submitter == account { found.account += 1 }
            guard entry.manifest.project == project else { continue }
            found.project += 1
            if entry.firstStart == nil { found.unstarted += 1 }
        }
        return found
    }
}
