internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs

/// The in-toto layout and links of one job.
struct WorkflowEvidence {
    private let workflow: SignedWorkflow
    /// Who put up the job's data and policies, by signing the link that lists them.
    var owner: PersonKey { workflow.owner }
    private let submit: Envelope
    private let reviews: [Envelope]
    private let entry: JobEntry
    private let supervisor: PersonSigner

    /// Takes up what people signed; nil when the owner's layout or a link that it asks for is missing.
    init?(_ entry: JobEntry, site: Site) throws(GloveboxError) {
        guard let workflow = site.read({ state in state.workflow }), let submit = entry.link,
            try Self.covers(workflow, entry.manifest)
        else { return nil }
        self.workflow = workflow
        self.submit = try Envelope(parsing: submit)
        let layout = try WorkflowLayout(parsing: workflow.layout.payload)
        func mayLink(_ step: WorkflowStep, _ link: Envelope) -> Bool {
            layout.keys(of: step).contains { $0.isSigner(of: link) }
        }
        var reviews: [Envelope] = []
        for link in try entry.countedApprovals.compactMap(\.link) {
            // An owner who approves is not among the layout's reviewers; in-toto would not count the link.
            let review = try Envelope(parsing: link)
            if mayLink(.review, review) { reviews.append(review) }
        }
        let need = max(UInt64(entry.tally.quorum.need), layout.threshold(of: .review))
        guard Set(reviews.map(\.keyID)).count >= need, mayLink(.submit, self.submit),
            layout.supervisor == site.keys.links.publicKey
        else { return nil }
        self.reviews = reviews
        self.entry = entry
        supervisor = site.keys.links
    }

    // The owner's link lists the data and the policies of the plan.
    private static func covers(_ workflow: SignedWorkflow, _ manifest: Manifest) throws(GloveboxError) -> Bool {
        let products = try JSONReader.read(workflow.onboard.payload)["products"]?.object
        let needed = WorkflowArtifacts.data(manifest) + .policies(manifest)
        return needed.members.allSatisfy { products?[$0.name] == $0.value }
    }

    /// The files under `lay/`, with the supervisor's own links over what is released and what is withheld.
    func files(
        _ outputs: Report.Outputs,
        released: [(name: String, bytes: [UInt8])]
    ) throws(GloveboxError) -> [NamedFile] {
        let run = try supervisor.sign(WorkflowLink.run(entry.manifest, outputs))
        let release = try supervisor.sign(WorkflowLink.release(entry.manifest, outputs))
        var files = [
            NamedFile(path: EvidenceFiles.layout, content: workflow.layout.bytes),
            NamedFile(path: EvidenceFiles.ownerKey, content: workflow.owner.pem),
        ]
        let links: [(WorkflowStep, Envelope)] =
            [(.onboard, workflow.onboard), (.submit, submit), (.run, run), (.release, release)]
            + reviews.map { (.review, $0) }
        for (step, link) in links {
            files.append(NamedFile(path: EvidenceFiles.link(step, link), content: link.bytes))
        }
        for file in released {
            files.append(NamedFile(path: EvidenceFiles.inspected(file.name), content: file.bytes))
        }
        return files
    }
}
