internal import Glibc
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxPrivacy

/// The specs that stand beside a job's code and are approved with it.
struct SpecFiles {
    /// The bytes of a file of the code; nil when there is none of that name.
    let file: (String) throws(GloveboxError) -> [UInt8]?

    /// The specs in a directory of code; none without one.
    ///
    /// - Throws: `code.directory`.
    init(directory path: String?) throws(GloveboxError) {
        guard let path else {
            file = { (_: String) throws(GloveboxError) in nil }
            return
        }
        let directory: Descriptor
        do { directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY) } catch {
            throw error.coded("code.directory")
        }
        file = { (name: String) throws(GloveboxError) in
            do throws(SyscallError) {
                return try directory.open(beneath: Array(name.utf8), O_RDONLY).readAll(limit: 1 << 20)
            } catch {
                guard error.errno != ENOENT else { return nil }
                throw error.coded("code.directory", hint: Display.escape(name))
            }
        }
    }

    init(_ file: @escaping (String) throws(GloveboxError) -> [UInt8]?) { self.file = file }

    /// A file that a policy asks for.
    ///
    /// - Throws: `spec.missing`.
    func required(_ name: String, _ policy: OutputPolicy) throws(GloveboxError) -> [UInt8] {
        guard let bytes = try file(name) else {
            throw GloveboxError(
                "spec.missing",
                "policy \(policy.document.name) needs the file \(name) in the code tree"
            )
        }
        return bytes
    }

    /// The table spec.
    ///
    /// - Throws: `policy.not-enforced`, `spec.*`, `json.*`, `document.*`.
    func table(_ policy: OutputPolicy) throws(GloveboxError) -> TableSpec {
        guard let output = policy.outputs.first(where: { $0.type == .tableSpec }) else {
            throw GloveboxError("policy.not-enforced", "a recomputed policy without a table spec releases nothing")
        }
        return try TableSpec(bytes: required(output.name, policy))
    }

    /// The chart spec, with the name of the picture; nil when the policy has none.
    ///
    /// - Throws: `policy.not-enforced`, `spec.*`, `json.*`, `document.*`.
    func chart(_ policy: OutputPolicy) throws(GloveboxError) -> (spec: ChartSpec, file: String)? {
        guard let output = policy.outputs.first(where: { $0.type == .chartSpec }) else { return nil }
        let suffix = ".spec.json"
        guard output.name.hasSuffix(suffix), output.name.utf8.count > suffix.utf8.count else {
            throw GloveboxError("spec.chart", "a chart spec is named after its picture: NAME\(suffix) for NAME.png")
        }
        guard output.isRequired else { throw GloveboxError("policy.not-enforced", "a chart spec must be required") }
        return (try ChartSpec(bytes: required(output.name, policy)), output.name.dropLast(suffix.count) + ".png")
    }

    /// The model spec; nil when the policy has none.
    ///
    /// - Throws: `spec.missing`, `json.*`, `document.*`.
    func model(_ policy: OutputPolicy) throws(GloveboxError) -> ModelSpec? {
        guard let output = policy.outputs.first(where: { $0.type == .modelSpec }) else { return nil }
        return try ModelSpec(bytes: required(output.name, policy))
    }

    /// The query.
    ///
    /// - Throws: `spec.missing`, `json.*`, `document.*`.
    func query(_ policy: OutputPolicy) throws(GloveboxError) -> DPQuery {
        try DPQuery(bytes: required(DPQuery.fileName, policy))
    }

    /// The round of federated training.
    ///
    /// - Throws: `spec.missing`, `json.*`, `document.*`.
    func round(_ policy: OutputPolicy) throws(GloveboxError) -> RoundSpec {
        try RoundSpec(bytes: required(RoundSpec.fileName, policy))
    }

    /// What is stated of a training with differential privacy; nil when nothing is.
    ///
    /// - Throws: `privacy.claim` when less is stated than the parameters give; `json.*`, `document.*`.
    func claim() throws(GloveboxError) -> StatedClaim? {
        guard let bytes = try file(StatedClaim.fileName) else { return nil }
        let claim = try StatedClaim(bytes: bytes)
        try claim.check()
        return claim
    }
}

extension Site {
    /// The specs of an uploaded code tree.
    func specs(_ nar: Digest, _ files: [CodeFile]) -> SpecFiles {
        SpecFiles { (name: String) throws(GloveboxError) in
            guard files.contains(where: { $0.path.utf8.elementsEqual(name.utf8) }) else { return nil }
            return try self.file(name, of: nar)
        }
    }

    /// The specs of an approved plan.
    func specs(of plan: Manifest) -> SpecFiles { specs(plan.core.code.nar, plan.core.files) }
}
