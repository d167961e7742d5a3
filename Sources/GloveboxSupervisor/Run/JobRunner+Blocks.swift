internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxPrivacy
internal import GloveboxTables
internal import GloveboxTransparency
internal import Synchronization

extension JobRunner {
    /// Runs a program over blocks of units, and releases the noisy mean of what it says about them.
    ///
    /// The charge is on record before the first block is run, and no failure gives it back. From then on every run looks
    /// the same from outside, whatever the program does: it takes the same time, ends with success, and leaves the same
    /// events; what went wrong stands in private fields.
    func executeBlocks(
        _ entry: JobEntry,
        _ policy: OutputPolicy,
        _ data: PlanData,
        _ cancel: Descriptor,
        _ facts: inout RunFacts
    ) throws(GloveboxError) {
        let aggregate = try BlockAggregate(policy)
        let question = try PaidAnswer.Question(program: entry.manifest, data.first, cost: aggregate.cost())
        var answer = PaidAnswer(site: site, entry: entry, policy: policy, data: data, question: question)
        // What is paid for already, or cannot be paid for, needs no rows; the report still tells of a jail.
        let (refusal, known) = (try answer.refusal(), try answer.known())
        let needsBlocks = refusal == nil && known == nil
        let plan = try JobJail(site: site, entry: entry)
        facts.filter = Machine.sha256(try plan.specification.profile.compiled())
        facts.imageFormat = plan.imageFormat
        let door = KeyDoor(site: site, entry: entry, datasets: data.datasets, facts: facts)
        defer { facts.take(door) }
        try door.prepare()
        let staging = try Staging(
            site: site,
            entry: entry,
            data: data,
            door: door,
            shown: needsBlocks ? Staging.View(policy) : .header
        ) { () throws(GloveboxError) in
            guard needsBlocks, let request = door.grant?.request else { return }
            try site.decisions.withLock { _ throws(GloveboxError) in
                // As the datasets are now: a lineage may have been split since.
                answer.data = try site.data(of: entry)
                _ = try answer.pay(under: request)
            }
        }
        let run = try BlockRun(
            policy,
            jails: site.jails,
            runner: jails(proving: door.evidence),
            pace: needsBlocks ? .fixed : .whenDone
        )
        var blocks: [BlockRun.Block] = []
        var texts: [ProgramText] = []
        var specification = plan.specification
        for number in 0..<(needsBlocks ? Int(aggregate.count) : 1) {
            var hooks = hooks(staging, number, cancel)
            let text = ProgramText.ofBlock
            text.listen(&hooks)
            texts.append(text)
            let filled = staging.filled
            let ran: BlockRun.Block?
            do { ran = try run.run(specification, hooks: hooks) } catch {
                if staging.filled > filled { try logMounts(.datasetUnmounted, block: number + 1) }
                throw error
            }
            // When the block's time is over, not when its program was done.
            if staging.filled > filled { try logMounts(.datasetUnmounted, block: number + 1) }
            guard let block = ran else { break }
            if number == 0, let result = block.result {
                facts.take(result)
                facts.program = site.programs.remember(plan.programKey, result.readback.program)
                specification.measuresProgram = false
            }
            blocks.append(block)
        }
        facts.end = Machine.now()
        facts.take(door)
        facts.views = staging.views
        let said = [("text", try keep(texts))]
        if try endIfCancelled(facts, said) { return }
        try site.transition(job, .ended(.exit(0)), details: Self.account(of: blocks) + said)
        guard let access = door.access else { throw GloveboxError("internal", "the run had no keys") }
        let frozen = FrozenRun(
            draft: try ReportMaker(site: site).draft(of: job, facts: facts),
            left: .blocks(
                blocks.map {
                    FrozenRun.Block(coordinates: aggregate.coordinates($0.left.vector), fault: $0.left.fault)
                }
            ),
            access: access
        )
        try freeze(frozen)
        try check(frozen) { () throws(GloveboxError) in try reopened(frozen) }
    }

    /// The answer that a program's blocks come to, or why there is none.
    func decide(
        _ blocks: [FrozenRun.Block],
        _ entry: JobEntry,
        _ data: PlanData
    ) throws(GloveboxError) -> OutputDecision.Outcome {
        let policy = entry.rules.output
        let aggregate = try BlockAggregate(policy)
        let question = try PaidAnswer.Question(program: entry.manifest, data.first, cost: aggregate.cost())
        let answer = PaidAnswer(site: site, entry: entry, policy: policy, data: data, question: question)
        if let payment = answer.payment {
            let vectors = blocks.map(\.coordinates)
            let noise = try answer.noise(for: payment)
            let bytes = try aggregate.answer(over: vectors, dataset: data.first.name, random: noise)
            return try answer.released(bytes, for: payment, findings: [OutputJudge.finding(blocks.map(\.fault))])
        }
        if let known = try answer.known() { return try answer.released(known, for: nil) }
        // It may be gone by now, and the blocks were never run for it.
        let refusal = try answer.refusal() ?? GloveboxError("budget.exhausted", "there was no room when the run began")
        return try answer.refused(refusal)
    }

    private func hooks(_ staging: Staging, _ number: Int, _ cancel: Descriptor) -> JailRun.Hooks {
        var hooks = JailRun.Hooks()
        hooks.cancel = cancel
        hooks.stage = { (directories: [Descriptor], identity: FileIdentity) throws(GloveboxError) in
            let measured = try staging.fill(directories, identity, block: number)
            try logMounts(.datasetMounted, block: number + 1)
            if staging.filled == 1 { try site.transition(job, .staged(measured: measured)) }
        }
        hooks.start = { (_: JailReadback, _: JailProtections) throws(GloveboxError) in
            if number == 0 { try site.transition(job, .started) }
        }
        return hooks
    }

    /// What went wrong, for the private part of an event that comes anyway: an event of its own would show that there was
    /// something.
    private static func account(of blocks: [BlockRun.Block]) -> [(String, JSONValue)] {
        let faults = blocks.enumerated().filter { !$1.left.fault.isEmpty }
        let calls = Dictionary(grouping: blocks.compactMap(\.result).flatMap(\.denied), by: \.rule)
        let counts = calls.mapValues { $0.reduce(0) { $0 + $1.count } }.sorted { $0.key < $1.key }
        return [
            ("blocks", .array(faults.map { .string("\($0 + 1): \($1.left.fault)") })),
            ("deniedInBlocks", .array(counts.map { .string("\($0.key) \($0.value)") })),
        ]
    }
}

extension PaidAnswer.Question {
    /// A program over blocks as the ledger sees it: the work of a plan, and what of the dataset it is shown.
    init(program plan: Manifest, _ dataset: RegisteredDataset, cost: Rho) {
        let view = dataset.inputPolicy.document.digest
        let text = Array("glovebox/dp-program/v1\n".utf8) + plan.coreDigest.bytes + view.bytes
        self.init(digest: Digest(sha256: text), cost: cost)
    }
}
