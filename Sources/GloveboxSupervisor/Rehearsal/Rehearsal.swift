package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxPolicy

/// A job on the mock twin: the same code, image, jail and output policy as the real one, and nothing private in sight.
package struct Rehearsal {
    /// How a rehearsal ended.
    package struct Outcome: Sendable {
        /// Digest of the code that ran.
        package let code: Digest
        /// How the program ended, in words.
        package let end: String
        /// The filter's verdict; nil when the program failed, so that nothing was collected.
        package let verdict: FilterVerdict?
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

    /// Rehearses under these documents.
    package init(_ filter: ReleaseFilter) { self.filter = filter }

    /// Runs and judges; what the program writes goes to `log`, since mock data hides nothing.
    ///
    /// - Throws: `jail.*`, `image.*`, `code.*`, and what ``ReleaseFilter`` throws.
    package func run(_ job: Job, log: @escaping ([UInt8]) -> Void) throws(GloveboxError) -> Outcome {
        let table = try MockData.table(filter.description, inputPolicy: filter.inputPolicy)
        let jail = try MockJail(job, dataset: filter.description.name)
        // The real job sees the rows in an order of its own for each run; so does this one.
        let rows = try Projection(table, inputPolicy: filter.inputPolicy, permutationSeed: MockJail.seed())
        let result = try JailRun(launcher: filter.launcher).run(jail.specification, hooks: jail.hooks(rows, log: log))
        let measured = try jail.code()
        guard case .exited(0) = result.end, let output = result.output else {
            return Outcome(code: measured, end: result.end.text, verdict: nil)
        }
        let verdict = try filter.judge(output, table)
        return Outcome(code: measured, end: result.end.text, verdict: verdict)
    }
}
