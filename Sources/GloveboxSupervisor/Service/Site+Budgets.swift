internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables

extension Site {
    /// What projects and datasets that a caller may know of have used of their limits, projects first; of one of them
    /// when it is named.
    ///
    /// - Throws: `object.not-found` for one that the caller may not know of, too.
    func budgets(for caller: Caller, project: String?, dataset: String?) throws(GloveboxError) -> [BudgetInfo] {
        var found: [BudgetInfo] = []
        if let project {
            found.append(budget(try self.project(project, for: caller)))
        } else if dataset == nil {
            found += try projects(for: caller).map(budget)
        }
        if let dataset {
            found.append(budget(try self.dataset(named: dataset)))
        } else if project == nil {
            found += read { state in state.datasets.values.sorted { $0.name < $1.name } }.map(budget)
        }
        return found
    }

    private func budget(_ info: ProjectInfo) -> BudgetInfo {
        let quota = info.project.quota
        return BudgetInfo(
            project: info.project.name,
            runs: BudgetInfo.Amount(used: String(info.used.runs), limit: quota.runs.map { String($0) }),
            releasedBytes: BudgetInfo.Amount(
                used: String(info.used.releasedBytes),
                limit: quota.releasedBytes.map { String($0) }
            ),
            rho: BudgetInfo.Amount(used: info.used.rho, limit: quota.rho),
            epsilon: info.used.epsilon
        )
    }

    private func budget(_ dataset: RegisteredDataset) -> BudgetInfo {
        read { state in
            // What each of its lineages has left bounds it, so the one that spent most tells.
            let spent = dataset.lineages.map { state.ledger.spent(lineage: $0) }.max { $0.units < $1.units } ?? .zero
            return BudgetInfo(
                dataset: dataset.name,
                rho: spent.text,
                epsilon: PrivacyLoss.epsilonText(spent, delta: ExactDecimal(mantissa: 1, exponent: -6)),
                policies: state.outputPolicies.compactMapValues { $0.privacy.budget?.datasetRho.text }
            )
        }
    }
}
