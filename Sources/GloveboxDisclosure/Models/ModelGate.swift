package import GloveboxCore
package import GloveboxPolicy
package import GloveboxTables

/// The gate for trained models.
///
/// The file is a claim: names, shapes and spelling of numbers are the supervisor's, and it runs the model itself on rows
/// that the job saw and on rows that it did not. Source: release policy sections 8.4 and 11.
package struct ModelGate: Sendable {
    static let capabilities = OpaqueGate.common.union([
        "output.safetensors", "output.model-spec", "sanitise", "check.membership", "check.structural",
        "check.memorisation",
    ])

    /// Checks everything about a spec that needs no row: to be called when a plan is submitted, and again by the gate.
    ///
    /// - Throws: `policy.not-enforced`, `policy.invalid`, `spec.*`, `input-policy.*`.
    @discardableResult
    package static func check(
        _ spec: ModelSpec,
        policy: OutputPolicy,
        description: DatasetDescription,
        inputPolicy: InputPolicy,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> ModelLayout {
        try policy.requireEnforced(by: capabilities)
        try inputPolicy.check(against: description)
        guard policy.checks.holdout != nil, policy.checks.membership != nil, policy.checks.structural != nil,
            policy.checks.memorisation != nil
        else {
            throw GloveboxError(
                "policy.not-enforced",
                "a model leaves only under holdout, membership, structural and memorisation checks"
            )
        }
        guard policy.outputs.allSatisfy({ $0.type == .safetensors || $0.type == .modelSpec }) else {
            throw GloveboxError("policy.not-enforced", "a model leaves alone, with no other kind of file")
        }
        _ = try output(of: spec, policy: policy)
        let layout = try ModelLayout(spec, description: description, inputPolicy: inputPolicy)
        guard layout.tensors.count <= CheckedModel.maxTensors else {
            throw GloveboxError("spec.output", "the model has too many tensors")
        }
        return layout
    }

    /// The declared output that the spec's model is for.
    ///
    /// - Throws: `spec.output`.
    package static func output(of spec: ModelSpec, policy: OutputPolicy) throws(GloveboxError) -> DeclaredOutput {
        guard let output = policy.output(named: spec.output), output.type == .safetensors else {
            throw GloveboxError(
                "spec.output",
                "the policy declares no safetensors output \(Display.escape(spec.output))"
            )
        }
        return output
    }

    /// Decides; the claim is what the checker made of the job's file, nil when there was none.
    ///
    /// - Throws: what ``check(_:policy:description:inputPolicy:capabilities:)`` throws, when the request should never have
    ///   run.
    package static func decide(
        _ request: OpaqueGate.Request,
        spec: ModelSpec,
        claim: OpaqueFile.Answer?,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> Decision {
        let policy = request.policy
        let layout = try check(
            spec,
            policy: policy,
            description: request.table.description,
            inputPolicy: request.inputPolicy,
            capabilities: capabilities
        )
        let output = try output(of: spec, policy: policy)
        func refusal(_ finding: Finding) -> Decision {
            OpaqueGate.conclude(policy, [finding], nil, bits: 0, spec: spec.digest, spent: request.projectMillibits)
        }
        let precision: SafetensorsWriter.Precision =
            policy.opaque.sanitise?.quantise == Sanitise.Quantise.none ? .f32 : .bf16
        let model: CheckedModel
        switch claim {
        case .model(let claimed):
            let forms = output.elements
            guard !claimed.hasSingles || forms.contains(.f32), !claimed.hasHalves || forms.contains(.bf16) else {
                let allowed = forms.map(\.rawValue).joined(separator: " or ")
                return refusal(Finding("parser", .fail, detail: "the policy allows numbers of \(allowed) alone"))
            }
            do throws(FileFault) { model = precision == .f32 ? claimed : try claimed.rounded() } catch {
                return refusal(Finding("parser", .fail, detail: error.message))
            }
        case .refused(let fault): return refusal(Finding("parser", .fail, detail: fault.message))
        case .figure, .vector, nil:
            return refusal(Finding("missing-output", .fail, detail: "the job left no \(spec.output)"))
        }
        guard let run = ModelRun(layout, model) else {
            return refusal(
                Finding("mismatch", .fail, detail: "the tensors have other names or shapes than the spec says")
            )
        }
        let examined = Examination(request, run: run, model: model, layout: layout)
        var findings = examined.findings(limit: output.maxParameters)
        if model.hadMetadata {
            findings.append(Finding("sanitise", .pass, detail: "metadata of the job's file was left out"))
        }
        return OpaqueGate.conclude(
            policy,
            findings,
            .init(name: spec.output, bytes: SafetensorsWriter.write(model, precision)),
            bits: Int64(precision.bits * model.parameterCount),
            spec: spec.digest,
            spent: request.projectMillibits
        )
    }
}
