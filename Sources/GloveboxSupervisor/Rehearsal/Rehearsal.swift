package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxPolicy
internal import GloveboxPrivacy

/// A job on the mock twin: the same code, image, jails and output policy as the real one, and nothing private in sight.
package struct Rehearsal {
    /// How a rehearsal ended.
    package struct Outcome: Sendable {
        /// Digest of the code that ran.
        package let code: Digest
        /// How the program ended, in words.
        package let end: String
        /// The filter's verdict; nil when the program failed, so that nothing was collected.
        package let verdict: FilterVerdict?
        /// Whether the program failed, on every block when there are blocks.
        package let hasFailed: Bool
    }

    /// What is run.
    package struct Job: Sendable {
        /// Directory of the code.
        package var code: String
        /// Name or digest of the image.
        package var image: String
        /// Directory of the image store.
        package var images: String
        /// The command, looked up in the image.
        package var command: [String]
        /// Seconds.
        package var wallSeconds: UInt64
        /// Bytes.
        package var memory: UInt64

        /// Describes a run.
        package init(
            code: String,
            image: String,
            images: String,
            command: [String],
            wallSeconds: UInt64,
            memory: UInt64
        ) {
            self.code = code
            self.image = image
            self.images = images
            self.command = command
            self.wallSeconds = wallSeconds
            self.memory = memory
        }
    }

    private let filter: ReleaseFilter

    /// Rehearses under these documents, whose data is that of mock twins.
    ///
    /// - Throws: `dataset.file` when it is not.
    package init(_ filter: ReleaseFilter) throws(GloveboxError) {
        guard filter.data?.isMock ?? true else {
            throw GloveboxError("dataset.file", "a rehearsal is on mock data alone")
        }
        self.filter = filter
    }

    /// Runs and judges; what the program writes goes to `log`, since mock data hides nothing.
    ///
    /// - Throws: `jail.*`, `image.*`, `code.*`, and what ``ReleaseFilter`` throws.
    package func run(_ job: Job, log: @escaping ([UInt8]) -> Void) throws(GloveboxError) -> Outcome {
        // Order, holdout and blocks are drawn anew for each run, as at a site.
        let shown = try filter.data.map { (data) throws(GloveboxError) in
            try ShownRows(filter.policy, data, seed: MockJail.seed())
        }
        let jail = try MockJail(job, datasets: filter.data?.names ?? [])
        if case .program(let aggregate) = filter.asked, let shown {
            return try run(aggregate, jail, shown, log: log)
        }
        let hooks = jail.hooks(shown?.files.first ?? [], log: log)
        let result = try JailRun(launcher: filter.launcher).run(jail.specification, hooks: hooks)
        let measured = try jail.code()
        guard case .exited(0) = result.end, let output = result.output else {
            return Outcome(code: measured, end: result.end.text, verdict: nil, hasFailed: true)
        }
        let verdict = try filter.judge(output, shown, draws: true)
        return Outcome(code: measured, end: result.end.text, verdict: verdict, hasFailed: false)
    }

    /// A program on every block, which is not held up to the fixed end of its time: mock rows hide nothing.
    private func run(
        _ aggregate: BlockAggregate,
        _ jail: MockJail,
        _ shown: ShownRows,
        log: @escaping ([UInt8]) -> Void
    ) throws(GloveboxError) -> Outcome {
        let run = try BlockRun(filter.policy, jails: filter.judge.jails, pace: .whenDone)
        var blocks: [OutputJudge.BlockResult] = []
        for files in shown.files {
            guard let block = try run.run(jail.specification, hooks: jail.hooks(files, log: log)) else { break }
            blocks.append(block.left)
        }
        let failed = blocks.count { !$0.fault.isEmpty }
        return Outcome(
            code: try jail.code(),
            end: "\(blocks.count) blocks, \(failed) without a result",
            verdict: try filter.program(blocks, aggregate, draws: true),
            hasFailed: failed == blocks.count
        )
    }
}
