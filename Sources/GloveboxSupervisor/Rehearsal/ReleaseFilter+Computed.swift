internal import Glibc
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables

/// Noisy answers: what they would cost of a full budget, and, where nothing is private, the answers.
extension ReleaseFilter {
    /// What the job left plays no part; with rows, which must be mock ones, an answer is drawn.
    func answer(_ query: DPQuery, _ table: DatasetTable?) throws(GloveboxError) -> FilterVerdict {
        guard let data else { throw GloveboxError("internal", "there is no data to ask about") }
        let engine = QueryEngine(query, policy: policy, inputPolicy: data.inputPolicy)
        let forecast = try engine.forecast(data.description, capabilities: Site.queryCapabilities)
        var bytes: [UInt8]?
        if let table {
            bytes = try engine.answer(
                over: table,
                key: LineageKey(Machine.random(32)),
                random: SystemRandom(),
                capabilities: Site.queryCapabilities
            )
        }
        return try computed(bytes, forecast, query.digest)
    }

    func update(
        _ outputs: OutputCollector.Outputs,
        _ spec: RoundSpec,
        _ mechanism: UpdateMechanism,
        draws: Bool
    ) throws(GloveboxError) -> FilterVerdict {
        let forecast = try mechanism.forecast(policy)
        let update = try judge.update(outputs, spec) { (claimed) throws(GloveboxError) -> [UInt8]? in
            guard draws else { return try mechanism.clipped(claimed).map { _ in [] } }
            return try mechanism.release(claimed, random: SystemRandom()).map { SafetensorsWriter.write($0, .f32) }
        }
        switch update {
        case .success(let bytes): return try computed(draws ? bytes : nil, forecast, spec.digest, round: spec.round)
        case .failure(let fault):
            return try verdict(
                .spoiled(spec: spec.digest, fault.finding),
                faults: outputs.faults,
                forecast: forecast
            )
        }
    }

    /// Judges a directory with one directory for each block; a block without one gave no result.
    func program(_ directory: Descriptor, _ aggregate: BlockAggregate) throws(GloveboxError) -> FilterVerdict {
        var faults: [String] = []
        var blocks = [OutputJudge.BlockResult](
            repeating: .init(fault: "missing-output"),
            count: Int(aggregate.count)
        )
        let names: [[UInt8]]
        do { names = try directory.names(limit: Int(aggregate.count) + 64) } catch {
            throw error.coded("output.collect")
        }
        for name in names {
            guard let number = Int(String(decoding: name, as: UTF8.self)), blocks.indices.contains(number - 1),
                Array(String(number).utf8) == name
            else {
                faults.append("undeclared-file")
                continue
            }
            let block: Descriptor
            do { block = try directory.openOwn(name, O_RDONLY | O_DIRECTORY) } catch {
                faults.append("not-a-directory")
                continue
            }
            blocks[number - 1] = try judge.block(block)
        }
        return try program(blocks, aggregate, faults: faults, draws: false)
    }

    /// Judges what a program left for each block; the mean is drawn only of mock rows.
    func program(
        _ blocks: [OutputJudge.BlockResult],
        _ aggregate: BlockAggregate,
        faults: [String] = [],
        draws: Bool
    ) throws(GloveboxError) -> FilterVerdict {
        var bytes: [UInt8]?
        if draws, let data {
            let vectors = blocks.map { aggregate.coordinates($0.vector) }
            bytes = try aggregate.answer(over: vectors, dataset: data.description.name, random: SystemRandom())
        }
        return try computed(
            bytes,
            aggregate.forecast(),
            policy.document.digest,
            [OutputJudge.finding(blocks.map(\.fault))],
            faults: faults
        )
    }

    /// The decision of a ledger in which nothing was spent yet.
    private func computed(
        _ bytes: [UInt8]?,
        _ forecast: AnswerForecast,
        _ spec: Digest,
        _ findings: [Finding] = [],
        faults: [String] = [],
        round: Int64? = nil
    ) throws(GloveboxError) -> FilterVerdict {
        let charge = PrivacyLedger.Charge(
            lineage: data?.description.name ?? "",
            project: "",
            rho: forecast.cost,
            selectionDelta: UInt64(clamping: forecast.selectionDelta.scaled(decimals: 18) ?? 0),
            key: spec,
            round: round
        )
        do { try PrivacyLedger().check(charge, under: policy) } catch {
            guard error.code == "budget.exhausted" else { throw error }
            let finding = Finding("budget", .fail, detail: error.message)
            return try verdict(.unaffordable(spec: spec, finding), faults: faults, forecast: forecast)
        }
        let found = [Finding("budget", .pass)] + findings
        guard let bytes else {
            return try verdict(.affordable(spec: spec, found), faults: faults, forecast: forecast)
        }
        guard let file = policy.outputs.first(where: { !$0.type.isSpec }), bytes.count <= file.maxBytes else {
            throw GloveboxError("output.too-large", "the answer is larger than the policy's output may be")
        }
        return try verdict(.answered(file.name, bytes, spec: spec, found), faults: faults, forecast: forecast)
    }
}
