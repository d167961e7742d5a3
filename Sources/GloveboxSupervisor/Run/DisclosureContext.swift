internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxPolicy

extension DisclosureRecord.Context {
    /// What every decision of this site says of itself and of the job it is about.
    init(_ entry: JobEntry, _ data: PlanData, site: Site, bundle: [UInt8]?, projectMillibits: Int64) {
        self.init(
            dataset: data.first.commitment,
            supervisorVersion: SiteLog.version,
            requester: entry.manifest.submitter,
            project: entry.manifest.project,
            decided: Machine.now(),
            projectMillibits: projectMillibits
        )
        joined = data.joined.map { (lineage: $0.lineage, version: $0.commitment) }
        furtherLineages = data.lineages.filter { name in !data.datasets.contains { $0.lineage == name } }
        supervisorMeasurement = site.host.supervisor
        codeMeasurement = entry.manifest.core.code.nar
        self.bundle = bundle.map(Machine.sha256)
        submitted = entry.job.created
        sealed = entry.job.transitions.last { $0.phase == .checking }?.at
        policySources = entry.rules.outputChain.sources
        policyLimits = entry.rules.outputChain.limits
    }
}
