package import GloveboxCore
package import GloveboxPolicy
internal import GloveboxTables

/// One round of federated training: it stands in the approved code tree and fixes names and shapes of the update.
///
/// Source: release policy section 12.
package struct RoundSpec: Hashable, Sendable {
    /// The file of the code tree that holds it.
    package static let fileName = "round.spec.json"

    /// Name and shape of one tensor.
    package struct Tensor: DocumentSection {
        package let name: String
        /// The length of each dimension; none for a single number.
        package let shape: [Int]

        package init(_ fields: inout DocumentFields) throws(GloveboxError) {
            name = try fields.text("name")
            guard CheckedModel.isName(name) else {
                throw fields.wrongValue("name", "must be 1 to 64 of A-Z a-z 0-9 _ .")
            }
            guard let lengths = fields.take("shape")?.array else { throw fields.missing("shape") }
            let shape = lengths.compactMap(\.integer).filter { (1...16_777_216).contains($0) }
            guard shape.count == lengths.count, shape.count <= CheckedModel.maxRank else {
                throw fields.wrongValue("shape", "must be at most \(CheckedModel.maxRank) lengths of 1 to 16777216")
            }
            fields.keep("shape", .array(lengths))
            self.shape = shape.map { Int($0) }
        }
    }

    /// The dataset's name.
    package let dataset: String
    /// The output file that holds the update.
    package let output: String
    /// The number of the round, from 1.
    package let round: Int64
    /// The tensors of the update.
    package let tensors: [Tensor]
    /// The spec with every default filled in.
    package let canonical: JSONValue

    /// SHA-256 of the canonical bytes.
    package var digest: Digest { Digest(sha256: CanonicalJSON.encode(canonical)) }

    /// The number of numbers; 2^60 at most.
    package var parameterCount: Int {
        tensors.reduce(0) { sum, tensor in
            let size = tensor.shape.reduce(1) { $0 > Self.most ? $0 : $0 * $1 }
            return min(sum + size, 1 << 60)
        }
    }

    private static let most = 1 << 24

    /// Reads the bytes of a spec file.
    ///
    /// - Throws: `json.*`, `document.*`.
    package init(bytes: [UInt8]) throws(GloveboxError) {
        var fields = try DocumentFields(bytes: bytes, kind: "RoundSpec")
        dataset = try fields.text("dataset")
        output = try fields.text("output")
        round = try fields.integer("round", 1...10_000)
        tensors = try fields.sections("tensors", 1...CheckedModel.maxTensors)
        guard Set(tensors.map { Array($0.name.utf8) }).count == tensors.count else {
            throw fields.wrongValue("tensors", "name one tensor twice")
        }
        canonical = try fields.finish()
    }

    // The length of every update of these shapes.
    private var bytes: Int {
        let tensors = tensors.map {
            CheckedModel.Tensor(
                name: $0.name,
                shape: $0.shape,
                bits: [UInt32](repeating: 0, count: $0.shape.reduce(1, *))
            )
        }
        return SafetensorsWriter.write(CheckedModel(tensors), .f32).count
    }

    /// What code of this target enforces of a policy for updates.
    package static let capabilities: Set<Capability> = [
        "tier.computed", "output.safetensors", "privacy_unit", "mechanism", "budget", "rounds", "sanitise",
        "decision.auto.within-budget", "decision.otherwise.reject", "spec_source.submitted",
        // Bits are recorded for tier computed; noise is what bounds them.
        "capacity.max_bits_per_release", "capacity.max_bits_per_project",
    ]

    /// Checks everything about the round that needs no row; the clipping and the noise.
    ///
    /// - Throws: `policy.not-enforced`, `spec.*`, `budget.per-query`, `privacy.*`.
    @discardableResult
    package func check(
        policy: OutputPolicy,
        dataset name: String,
        capabilities: Set<Capability>
    ) throws(GloveboxError) -> UpdateMechanism {
        try policy.requireEnforced(by: capabilities)
        let mechanism = try UpdateMechanism(policy)
        guard dataset.utf8.elementsEqual(name.utf8) else {
            throw GloveboxError("spec.dataset", "the round is for dataset \(Display.escape(dataset))")
        }
        guard policy.outputs.count == 1, let file = policy.output(named: output), file.shapes == .fromRoundSpec,
            file.elements == [.f32], policy.opaque.sanitise?.quantise == Sanitise.Quantise.none
        else {
            throw GloveboxError(
                "policy.not-enforced",
                "an update is the one output \(Display.escape(output)) of F32 numbers, its shapes from the round spec "
                    + "and not quantised"
            )
        }
        guard let most = policy.opaque.maxRounds, round <= most else {
            throw GloveboxError("spec.round", "the policy has no round \(round)")
        }
        guard parameterCount <= Self.most, bytes <= file.maxBytes else {
            throw GloveboxError("spec.output", "the tensors take more than the \(file.maxBytes) bytes of the output")
        }
        guard let limit = (policy.privacy.budget?.perQueryRho).flatMap({ Rho($0) }), mechanism.rho <= limit else {
            throw GloveboxError(
                "budget.per-query",
                "a round costs rho \(mechanism.rho.text), more than the policy allows for each"
            )
        }
        return mechanism
    }
}
