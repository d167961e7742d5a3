internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxTables

extension OutputJudge {
    /// What a program left for one block of units.
    struct BlockResult {
        /// Its numbers; nil when it gave none that count.
        let vector: CheckedVector?
        /// Why it gave none, for the data's owner alone; empty when it did.
        let fault: String

        init(_ vector: CheckedVector) { (self.vector, fault) = (vector, "") }

        init(fault: String) { (vector, self.fault) = (nil, fault) }
    }

    /// Reads the numbers of one block; nothing in the directory is an error, since the block then counts as the middle of
    /// the bounds.
    ///
    /// - Throws: `policy.not-enforced`, `jail.*`.
    func block(_ directory: Descriptor) throws(GloveboxError) -> BlockResult {
        guard let declared = policy.outputs.first, let result = policy.privacy.result else {
            throw GloveboxError("policy.not-enforced", "the policy has no program over blocks")
        }
        let outputs: OutputCollector.Outputs
        do { outputs = try OutputCollector(policy: policy).collect(directory, readsUndeclared: false) } catch {
            return BlockResult(fault: error.code)
        }
        guard outputs.faults.isEmpty, let file = outputs.files.first else {
            return BlockResult(fault: outputs.faults.first ?? "missing-output")
        }
        let answer = try CheckerDoor(jails: jails).parse(
            file.bytes,
            as: .vector(length: result.length),
            maxBytes: Int(clamping: declared.maxBytes)
        )
        switch answer {
        case .vector(let vector): return BlockResult(vector)
        case .refused(let fault): return BlockResult(fault: fault.message)
        case .figure, .model, nil: return BlockResult(fault: "the parser did not come to an end")
        }
    }

    /// What is told the data's owner of all blocks.
    static func finding(_ faults: [String]) -> Finding {
        Finding(
            "blocks",
            .pass,
            cells: faults.enumerated().filter { !$1.isEmpty }.map { [String($0 + 1), $1] },
            parameters: ["count": .integer(Int64(faults.count))]
        )
    }
}
