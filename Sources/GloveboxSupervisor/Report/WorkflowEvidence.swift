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
        var reviews: [Envelope] = []
        for approval in entry.approvals {
            guard let link = approval.link,
                try entry.job.approvals.contains(Envelope(parsing: approval.envelope).payloadDigest)
            else { continue }
            reviews.append(try Envelope(parsing: link))
        }
        guard reviews.count >= entry.tally.quorum.need,
            try Self.names(workflow, [self.submit] + reviews, site.keys.links.publicKey)
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

    // The owner's layout lists the keys of everybody who signed.
    private static func names(
        _ workflow: SignedWorkflow,
        _ links: [Envelope],
        _ supervisor: PersonKey
    ) throws(GloveboxError) -> Bool {
        let keys = try JSONReader.read(workflow.layout.payload)["keys"]?.object
        return (links.map(\.keyID) + [supervisor.keyID]).allSatisfy { keys?[$0] != nil }
    }

    /// The files under `lay/`, with the supervisor's own links over what is released and what is withheld.
    func files(
        released: [(name: String, bytes: [UInt8])],
        withheld: [Report.Withheld]
    ) throws(GloveboxError) -> [NamedFile] {
        var outputs = WorkflowArtifacts()
        var results = WorkflowArtifacts()
        for file in released {
            outputs.add("outputs/\(file.name)", Machine.sha256(file.bytes))
            results.add(file.name, Machine.sha256(file.bytes))
        }
        var left = outputs
        for (index, file) in withheld.enumerated() { left.add(withheld: file, index: index + 1) }
        let run = try supervisor.sign(WorkflowLink.run(entry.manifest, outputs: left))
        let release = try supervisor.sign(
            WorkflowLink.release(entry.manifest, outputs: outputs, files: results)
        )
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
