internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables

/// The whole release filter of every tier on a directory, with no site: the judge is that of a site's jobs.
///
/// Nothing was released or paid for before, as far as it is not told: a budget is full, and the differencing check compares
/// with the tables that it is told of.
package struct ReleaseFilter {
    let policy: OutputPolicy
    let data: FilterData?
    let launcher: String
    let asked: AskedRelease
    private let specs: SpecFiles

    /// Gathers the documents of a job and checks that they fit together.
    ///
    /// `code` is the directory of the code, where the specs are; a policy for plans without private data has no `data`.
    /// `purpose` is the code of the purpose that the job's project declares; nil for a project that declares none.
    ///
    /// - Throws: `document.*`, `policy.not-enforced`, `spec.*`, `input-policy.*` and `project.purpose`, as a submission would.
    package init(
        policy: JSONValue,
        data: FilterData?,
        code: String?,
        purpose: String? = nil
    ) throws(GloveboxError) {
        do { try Project.admit(purpose, for: data?.inputPolicy.purposes ?? []) } catch {
            throw GloveboxError(error.code, error.message, hint: "Give the project's with --purpose-code CODE.")
        }
        self.policy = try OutputPolicy(policy)
        self.data = data
        launcher = try Machine.sibling("glovebox-jail")
        specs = try SpecFiles(directory: code)
        let documents = data.map { ($0.description, $0.inputPolicy) }
        asked = try AskedRelease(specs, policy: self.policy, data: documents)
    }

    var judge: OutputJudge {
        get throws(GloveboxError) { OutputJudge(policy: policy, jails: try JailReserve(launcher: launcher, count: 0)) }
    }

    // The same for who looks at the rows that a job is shown and who has its outputs judged; no site uses it.
    private func seed(_ data: FilterData) -> Digest {
        let digests = data.description.document.digest.bytes + policy.document.digest.bytes
        return Digest(sha256: Array("glovebox/eval/v1\n".utf8) + digests)
    }

    /// Judges what stands in a directory; noise that could be used is not drawn, its width is told.
    ///
    /// For a program over blocks the directory has one of its own for each block, named by its number from 1.
    ///
    /// A table is compared with earlier ones, if any are told of.
    ///
    /// - Throws: `output.*`, `dataset.*`, `jail.*`; `filter.earlier` for anything but a table.
    package func judge(
        directory: String,
        earlier: EarlierTables = EarlierTables()
    ) throws(GloveboxError) -> FilterVerdict {
        let opened: Descriptor
        do { opened = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY) } catch {
            throw error.coded("output.collect")
        }
        if case .table = asked, let data {
            let outputs = try collect(opened)
            return try table(outputs, data.rows(), earlier)
        }
        guard earlier.isEmpty else {
            throw GloveboxError("filter.earlier", "only tables that are counted again are compared with earlier ones")
        }
        guard let data else { return try judge(opened, nil) }
        return try judge(opened, ShownRows(policy, data, seed: seed(data)))
    }

    /// Writes what a job under these documents is shown: `NAME.csv`, or for blocks `1/NAME.csv` and so on.
    ///
    /// Rows, order and holdout are those that ``judge(directory:)`` goes by.
    ///
    /// - Throws: `dataset.*`, `output.write`; `dataset.unknown` for a policy without data.
    package func show(in directory: String) throws(GloveboxError) {
        guard let data else { throw GloveboxError("dataset.unknown", "a job under this policy is shown no dataset") }
        let jails = try ShownRows(policy, data, seed: seed(data)).files
        let isDivided = if case .program = asked { true } else { false }
        for (number, files) in jails.enumerated() {
            let path = isDivided ? "\(directory)/\(number + 1)" : directory
            if isDivided { try StateFile.makeDirectory(path) }
            do throws(SyscallError) {
                let place = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
                for (name, file) in zip(data.names, files) {
                    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                    let written = try Descriptor.open("\(name).csv", flags, mode: 0o600, in: place)
                    for piece in file.pieces() { try written.write(piece) }
                }
            } catch { throw error.coded("output.write", hint: "Give an existing directory without these files.") }
        }
    }

    /// Judges what a job left that saw some rows; noise is drawn only when `draws` says so.
    func judge(
        _ directory: Descriptor,
        _ shown: ShownRows?,
        draws: Bool = false
    ) throws(GloveboxError) -> FilterVerdict {
        switch asked {
        case .files(let rules): return try files(directory, rules)
        case .program(let aggregate): return try program(directory, aggregate)
        case .table, .query, .round, .model, .rows: break
        }
        let outputs = try collect(directory)
        guard let shown else { throw GloveboxError("internal", "there are no rows to judge against") }
        switch asked {
        case .table: return try table(outputs, shown.table)
        case .query(let query): return try answer(query, draws ? shown.table : nil)
        case .round(let spec, let mechanism): return try update(outputs, spec, mechanism, draws: draws)
        case .model(let spec): return try opaque(outputs, spec, shown)
        case .rows: return try opaque(outputs, nil, shown)
        case .files, .program: throw GloveboxError("internal", "judged before")
        }
    }

    private func collect(_ directory: Descriptor) throws(GloveboxError) -> OutputCollector.Outputs {
        try OutputCollector(policy: policy).collect(directory)
    }

    // MARK: Recomputed and opaque

    private func table(
        _ outputs: OutputCollector.Outputs,
        _ rows: any RowSource,
        _ earlier: EarlierTables = EarlierTables()
    ) throws(GloveboxError) -> FilterVerdict {
        guard case .table(let spec, let chart) = asked, let data else {
            throw GloveboxError("internal", "there is no table to judge")
        }
        // A key of this run alone: nothing is kept that a later run could be compared with.
        let key = try LineageKey(Machine.random(32))
        let history = try earlier.records(policy, data, rows, key: key)
        let past = ReleaseGate.Past(history: history, lineageKey: key, projectMillibits: 0)
        let request = ReleaseGate.Request(
            id: "filter",
            policy: policy,
            inputPolicy: data.inputPolicy,
            table: history.isEmpty ? rows : ComparedRows(rows: rows),
            spec: spec,
            chart: chart,
            scratch: SealedScratch.ofProgram
        )
        return try verdict(judge.table(outputs, request, past: past), faults: outputs.faults)
    }

    private func opaque(
        _ outputs: OutputCollector.Outputs,
        _ spec: ModelSpec?,
        _ shown: ShownRows
    ) throws(GloveboxError) -> FilterVerdict {
        guard let data, let holdout = shown.holdout else {
            throw GloveboxError("internal", "no one was kept from the job")
        }
        let request = OpaqueGate.Request(
            policy: policy,
            inputPolicy: data.inputPolicy,
            table: shown.table,
            holdout: holdout,
            projectMillibits: 0
        )
        let (decision, _) = try judge.opaque(outputs, spec, request, claim: specs.claim())
        return try verdict(decision, faults: outputs.faults)
    }

    private func files(_ directory: Descriptor, _ rules: VerbatimRules) throws(GloveboxError) -> FilterVerdict {
        let whole = Manifest.Output(path: "/out", type: "DIRECTORY")
        let outputs = TaskOutputs(layout: TaskLayout(directory: "/out"), outputs: [whole], rules: rules)
        do {
            return try verdict(.verbatim(outputs.collect([directory]).map { Decision.File($0.name, $0.bytes) }))
        } catch {
            guard error.code.hasPrefix("output."), error.code != "output.collect" else { throw error }
            return try verdict(.verbatim([]), faults: [error.message])
        }
    }

    func verdict(
        _ decision: Decision,
        faults: [String] = [],
        forecast: AnswerForecast? = nil
    ) throws(GloveboxError) -> FilterVerdict {
        try FilterVerdict(
            policy: policy,
            decision: decision,
            faults: faults,
            forecast: forecast,
            data: data
        )
    }
}
