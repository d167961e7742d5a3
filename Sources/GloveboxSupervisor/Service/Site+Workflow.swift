internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxTransparency

/// What an owner signed last: envelopes of the layout and of the owner's link.
struct SignedWorkflow: Sendable {
    let owner: PersonKey
    let layout: Envelope
    let onboard: Envelope

    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "workflow")
        owner = try PersonKey(hex: fields.string("owner"))
        layout = try Self.envelope(&fields, "layout")
        onboard = try Self.envelope(&fields, "onboard")
        try fields.finish()
    }

    private static func envelope(_ fields: inout JSONFields, _ name: String) throws(GloveboxError) -> Envelope {
        try Envelope(parsing: Base64.decode(try fields.string(name)) ?? [])
    }
}

extension Site {
    /// The layout and the link that an owner may sign now: every key enrolled, all data and policies as they stand.
    ///
    /// - Throws: `key.missing` when the owner has no key.
    func workflow(for caller: Caller) throws(GloveboxError) -> Workflow {
        guard let owner = read({ state in state.accounts[caller.account]?.usable.last }) else {
            throw GloveboxError(
                "key.missing",
                "your account has no signing key",
                hint: "Enrol one with 'glovebox login'."
            )
        }
        let day = Machine.now().seconds / 86400 * 86400  // the same bytes all day, so that they can be compared
        let layout = read { state in
            WorkflowLayout(
                owner: owner,
                researchers: state.keys(of: [.researcher]),
                reviewers: state.keys(of: [.reviewer, .owner]).filter { $0 != owner },
                supervisor: keys.links.publicKey,
                threshold: UInt64(configuration.planQuorum),
                expires: Instant(seconds: day + WorkflowLayout.retentionSeconds)
            )
        }
        return Workflow(layout: layout.bytes, onboard: WorkflowLink.onboard(read { state in state.onboarded }))
    }

    /// Takes the owner's signatures; jobs that end from now on carry them.
    ///
    /// - Throws: `workflow.changed` when what was signed is not what stands now; `workflow.link`.
    func signWorkflow(_ caller: Caller, _ signed: Workflow) throws(GloveboxError) -> Workflow {
        let draft = try workflow(for: caller)
        let layout = try Envelope(parsing: signed.layout)
        guard layout.payload == draft.layout, try Envelope(parsing: signed.onboard).payload == draft.onboard else {
            throw GloveboxError(
                "workflow.changed",
                "keys, data or policies are no longer those that you signed",
                hint: "Run 'glovebox workflow sign' again."
            )
        }
        guard let owner = read({ state in state.accounts[caller.account]?.key(layout.keyID) }) else {
            throw GloveboxError("key.unknown", "the layout is signed by a key that your account has not enrolled")
        }
        _ = try WorkflowLink.check(signed.layout, is: draft.layout, by: owner)
        _ = try WorkflowLink.check(signed.onboard, is: draft.onboard, by: owner)
        try record(
            Event(
                kind: .agreementSigned,
                actor: caller.account,
                fields: [("layout", .string(layout.payloadDigest.hex))]
            ),
            [
                "owner": .string(owner.hex), "layout": .string(Base64.encode(signed.layout)),
                "onboard": .string(Base64.encode(signed.onboard)),
            ]
        )
        return draft
    }
}

extension SiteState {
    /// Keys of all accounts with one of those roles.
    func keys(of roles: Set<Role>) -> [PersonKey] {
        accounts.values.sorted { $0.id < $1.id }.filter { !$0.roles.isDisjoint(with: roles) }.flatMap(\.usable)
    }

    /// Data and policies that plans may name.
    var onboarded: WorkflowArtifacts {
        var all = WorkflowArtifacts()
        for dataset in datasets.values {
            all.add(dataset.input)
            all.add(policy: dataset.inputPolicy.document.digest)
        }
        for policy in outputPolicies.values { all.add(policy: policy.document.digest) }
        for digest in policiesInForce { all.add(policy: digest) }
        if let processingPolicy { all.add(policy: processingPolicy.document.digest) }
        return all
    }
}
