internal import GloveboxCore

/// The in-toto evidence: what the owner laid down, and the links of those who did each step.
///
/// Every link but the owner's follows from plan and report and is compared with the bytes that they give. With a layout whose
/// rules are the ones of this version, that holds in-toto's artifact rules and more: in-toto accepts any researcher of the
/// layout, and outputs that no report names. Source: attestation specification, section 10.
struct WorkflowChecks {
    let files: [String: [UInt8]]
    let inspected: [String: Digest]
    let report: Report
    let manifest: Manifest
    let submission: Envelope
    let people: ApprovalChecks

    /// The owner's layout, signed by an enrolled owner.
    ///
    /// - Throws: `workflow.missing`, `workflow.layout`, `workflow.signature`, `workflow.owner`, `key.…`, codes of ``Envelope``.
    func layout() throws(GloveboxError) -> WorkflowLayout {
        let envelope = try Envelope(parsing: file(EvidenceFiles.layout))
        let layout = try WorkflowLayout(parsing: envelope.payload)
        let signer = try people.signer(of: envelope, roles: [.owner], failure: "workflow.signature")
        // What finds the key by this name would not find it.
        guard signer.key.keyID == envelope.keyID else {
            throw GloveboxError("workflow.signature", "the layout's signature names another key than its signer's")
        }
        guard signer.key == layout.owner else {
            throw GloveboxError("workflow.owner", "the layout is signed by another owner than it names")
        }
        guard try file(EvidenceFiles.ownerKey) == signer.key.pem else {
            throw GloveboxError("workflow.owner", "owner.pub is not the key that signed the layout")
        }
        return layout
    }

    /// The layout had not ended, neither for the log nor for the reader.
    ///
    /// - Throws: `workflow.expired`.
    func expiry(_ layout: WorkflowLayout, logged: Instant, now: Instant?) throws(GloveboxError) {
        guard logged < layout.expires, now.map({ $0 < layout.expires }) ?? true else {
            throw GloveboxError("workflow.expired", "the owner's layout ended at \(layout.expires)")
        }
    }

    /// Everything wrong with the links of a step: `workflow.missing`, `workflow.link`, `workflow.artifact`, `workflow.key`,
    /// `workflow.signature`, `workflow.threshold`, `key.…`, codes of ``Envelope``.
    func links(_ step: WorkflowStep, _ layout: WorkflowLayout) -> [GloveboxError] {
        let names = files.keys.filter { Self.step(of: $0) == step }.sorted()
        guard !names.isEmpty else {
            return [GloveboxError("workflow.missing", "there is no link of the step \(step.rawValue)")]
        }
        var causes: [GloveboxError] = []
        var signers: Set<PersonKey> = []
        for name in names {
            do throws(GloveboxError) {
                let envelope = try Envelope(parsing: file(name))
                signers.insert(try signer(of: envelope, name, step, layout))
                try artifacts(of: envelope.payload, step)
            } catch { causes.append(error) }
        }
        let need = layout.threshold(of: step)
        if causes.isEmpty, signers.count < need {
            causes.append(
                GloveboxError("workflow.threshold", "\(signers.count) of \(need) links of the step \(step.rawValue)")
            )
        }
        return causes
    }

    /// Files that are no part of a workflow, and released files that differ: `workflow.file`, `workflow.released`.
    var strays: [GloveboxError] {
        let released = report.outputs.released
        let unknown =
            files.keys.filter {
                $0 != EvidenceFiles.layout && $0 != EvidenceFiles.ownerKey && Self.step(of: $0) == nil
            }
            + inspected.keys.filter { name in
                name != EvidenceFiles.inspectionLink
                    && !released.contains { EvidenceFiles.inspected($0.receivedName).isSame(as: name) }
            }
        let changed = released.filter { inspected[EvidenceFiles.inspected($0.receivedName)] != $0.digest }
        return unknown.sorted().map { GloveboxError("workflow.file", "\($0) is no file of the workflow") }
            + changed.map {
                GloveboxError("workflow.released", "lay/wd has no \($0.receivedName) as it was released")
            }
    }

    private func file(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard let bytes = files[name] else { throw GloveboxError("workflow.missing", "\(name) is missing") }
        return bytes
    }

    // in-toto finds a link by the name of its step and of its key.
    private static func step(of name: String) -> WorkflowStep? {
        WorkflowStep.allCases.first { step in
            let head = Array("\(EvidenceFiles.workflow)\(step.rawValue).".utf8)
            return name.utf8.starts(with: head) && name.utf8.count == head.count + 8 + 5 && name.hasSuffix(".link")
        }
    }

    private func signer(
        of envelope: Envelope,
        _ name: String,
        _ step: WorkflowStep,
        _ layout: WorkflowLayout
    ) throws(GloveboxError) -> PersonKey {
        let allowed = layout.keys(of: step)
        guard let key = allowed.first(where: { $0.isSigner(of: envelope) }) else {
            throw allowed.contains { $0.keyID == envelope.keyID }
                ? GloveboxError("workflow.signature", "\(name) is not signed by its key")
                : GloveboxError("workflow.key", "\(name) is signed by a key that the owner did not name for it")
        }
        guard key.keyID == envelope.keyID, EvidenceFiles.link(step, envelope).isSame(as: name) else {
            throw GloveboxError("workflow.key", "\(name) is called after another key than its signer's")
        }
        let roles: [RoleKey.Role]? =
            switch step {
            case .onboard: [.owner]
            case .submit: [.researcher]
            case .review: [.reviewer, .owner]
            case .run, .release: nil  // the owner alone vouches for the supervisor's key for links
            }
        if let roles { _ = try people.signer(of: envelope, roles: roles, failure: "workflow.signature") }
        if step == .submit, key.keyID != submission.keyID {
            throw GloveboxError("workflow.key", "the link of the code is not signed by who signed the plan")
        }
        if step == .review, !report.approvals.contains(where: { $0.keyID == key.keyID }) {
            throw GloveboxError("workflow.key", "a link of a review is signed by somebody who did not approve")
        }
        return key
    }

    private func artifacts(of payload: [UInt8], _ step: WorkflowStep) throws(GloveboxError) {
        let expected: [UInt8]
        switch step {
        case .onboard:
            let products = try WorkflowArtifacts(reading: JSONReader.readCanonical(payload)["products"])
            let missing = (WorkflowArtifacts.data(manifest) + .policies(manifest)).members.first {
                products[$0.name] != $0.value
            }
            if let missing {
                throw GloveboxError("workflow.artifact", "the owner did not put up \(missing.name)")
            }
            guard products.members.allSatisfy({ $0.name.hasPrefix("data/") || $0.name.hasPrefix("policy/") }) else {
                throw GloveboxError("workflow.artifact", "the owner put up something that is no data and no policy")
            }
            expected = WorkflowLink.onboard(products)
        case .submit: expected = WorkflowLink.submit(manifest)
        case .review: expected = WorkflowLink.review(manifest)
        case .run: expected = WorkflowLink.run(manifest, report.outputs)
        case .release: expected = WorkflowLink.release(manifest, report.outputs)
        }
        guard payload != expected else { return }
        try Self.compare(JSONReader.readCanonical(payload), JSONReader.readCanonical(expected), step)
        throw GloveboxError("workflow.link", "the link of the step \(step.rawValue) has another form")
    }

    private static func compare(
        _ found: JSONValue,
        _ expected: JSONValue,
        _ step: WorkflowStep
    ) throws(GloveboxError) {
        for list in ["materials", "products"] where found[list] != expected[list] {
            let names = (found[list]?.object?.names ?? []) + (expected[list]?.object?.names ?? [])
            let name = names.first { found[list]?[$0] != expected[list]?[$0] } ?? list
            throw GloveboxError(
                "workflow.artifact",
                "\(name) in the \(list) of the step \(step.rawValue) is not what plan and report say"
            )
        }
    }
}
