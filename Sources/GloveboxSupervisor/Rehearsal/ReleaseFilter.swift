internal import Glibc
package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxTables

/// The whole release filter on a directory: the same collector, checker, gate and bundle as for a job, with no site.
///
/// Nothing was released before, as far as it knows, so the differencing check has nothing to compare with.
package struct ReleaseFilter {
    let policy: OutputPolicy
    let inputPolicy: InputPolicy
    let description: DatasetDescription
    let spec: TableSpec
    let launcher: String

    /// Gathers the documents of a job and checks that they fit together.
    ///
    /// - Throws: `document.*`, `policy.not-enforced`, `spec.*` and `input-policy.*`, as a submission would.
    package init(
        policy: JSONValue,
        schema: JSONValue,
        inputPolicy: JSONValue,
        spec: [UInt8]
    ) throws(GloveboxError) {
        self.policy = try OutputPolicy(policy)
        description = try DatasetDescription(schema)
        self.inputPolicy = try InputPolicy(inputPolicy)
        self.spec = try TableSpec(bytes: spec)
        launcher = try Machine.sibling("glovebox-jail")
        guard !self.policy.outputs.contains(where: { $0.type == .chartSpec }) else {
            throw GloveboxError("policy.not-enforced", "charts are drawn for jobs of a site, not for a directory")
        }
        try ReleaseGate.check(
            self.spec,
            policy: self.policy,
            description: description,
            inputPolicy: self.inputPolicy,
            capabilities: Site.capabilities
        )
    }

    /// The name of the spec file that a policy declares.
    ///
    /// - Throws: `document.*`, or `policy.not-enforced` when it declares none.
    package static func specName(_ policy: JSONValue) throws(GloveboxError) -> String {
        guard let output = try OutputPolicy(policy).outputs.first(where: { $0.type == .tableSpec }) else {
            throw GloveboxError(
                "policy.not-enforced",
                "the policy declares no table spec, so there is nothing to recompute"
            )
        }
        return output.name
    }

    /// Judges what stands in a directory, recomputed from the private file or, without one, from the mock twin.
    ///
    /// - Throws: `output.*`, `dataset.*`, `jail.*`.
    package func judge(directory: String, data: String?) throws(GloveboxError) -> FilterVerdict {
        let opened: Descriptor
        do { opened = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY) } catch {
            throw error.coded("output.collect")
        }
        let rows: any RowSource
        if let data {
            rows = DatasetFileRows(path: data, description: description)
        } else {
            rows = try MockData.table(description, inputPolicy: inputPolicy)
        }
        return try judge(opened, rows, file: data)
    }

    /// Judges against rows that stand in memory, or in a private file.
    func judge(
        _ directory: Descriptor,
        _ rows: any RowSource,
        file: String? = nil
    ) throws(GloveboxError) -> FilterVerdict {
        let outputs = try OutputCollector(policy: policy).collect(directory)
        let declared = try ReleaseGate.output(of: spec, policy: policy)
        var answer: CheckerAnswer?
        if outputs.faults.isEmpty, let claim = outputs.files.first(where: { $0.name == spec.output }) {
            let jails = try JailReserve(launcher: launcher, count: 0)
            answer = try CheckerDoor(jails: jails).parse(claim.bytes, limits: OutputDecision.limits(declared))
        }
        // A key of this run alone: nothing is kept that a later run could be compared with.
        let past = ReleaseGate.Past(history: [], lineageKey: try LineageKey(Machine.random(32)), projectMillibits: 0)
        let request = ReleaseGate.Request(
            id: "filter",
            policy: policy,
            inputPolicy: inputPolicy,
            table: rows,
            spec: spec
        )
        let jails = try JailReserve(launcher: launcher, count: 0)
        let decided = try ReleaseGate.decide(request, claim: answer, past: past, capabilities: Site.capabilities)
        let decision = try RowLeakCheckup(jails: jails).judge(
            FigureCheckup(jails: jails).judge(decided, outputs, policy, spent: 0),
            policy,
            spec,
            over: rows
        )
        let leaves = decision.outcome != .refuse && outputs.faults.isEmpty
        return FilterVerdict(
            policy: policy.document,
            decision: decision,
            faults: outputs.faults,
            bundle: leaves ? try ReleaseBundle(decision.files, pad: policy.channels.pad).bytes : nil,
            isMock: file == nil
        )
    }
}
