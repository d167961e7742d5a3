internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables

extension OutputJudge {
    /// Why there is nothing to make an update of.
    struct UpdateFault: Error {
        let finding: Finding

        init(_ check: String, _ detail: String) { finding = Finding(check, .fail, detail: detail) }
    }

    /// The update of a round of federated training; `make` clips it, and gives nil for a number that is too large.
    ///
    /// - Throws: `jail.*`, and what `make` throws.
    func update<Made>(
        _ outputs: OutputCollector.Outputs,
        _ spec: RoundSpec,
        _ make: (CheckedModel) throws(GloveboxError) -> Made?
    ) throws(GloveboxError) -> Result<Made, UpdateFault> {
        guard outputs.faults.isEmpty, let file = outputs.files.first(where: { $0.name == spec.output }),
            let declared = policy.output(named: spec.output)
        else {
            return .failure(UpdateFault("missing-output", outputs.faults.first ?? "the job left no \(spec.output)"))
        }
        let parsed = try CheckerDoor(jails: jails).parse(file.bytes, as: .model, maxBytes: declared.maxBytes)
        switch parsed {
        case .model(let model):
            guard !model.hasHalves else { return .failure(UpdateFault("parser", FileFault.type.message)) }
            guard spec.fits(model) else {
                return .failure(
                    UpdateFault("mismatch", "the tensors have other names or shapes than the round spec says")
                )
            }
            guard let update = try make(model) else {
                return .failure(
                    UpdateFault("parser", "a number has a magnitude of 2^40 steps of the lattice or more")
                )
            }
            return .success(update)
        case .refused(let fault): return .failure(UpdateFault("parser", fault.message))
        case .figure, .vector, nil: return .failure(UpdateFault("parser", "the checker gave no tensors"))
        }
    }
}

extension RoundSpec {
    /// Whether an update has these tensors and no others.
    fileprivate func fits(_ update: CheckedModel) -> Bool {
        update.tensors.count == tensors.count
            && tensors.allSatisfy { update.tensor(named: $0.name)?.shape == $0.shape }
    }
}
