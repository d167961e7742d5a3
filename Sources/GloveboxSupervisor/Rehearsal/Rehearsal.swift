internal import Glibc
package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxMeasure
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
        // The real job sees the rows in an order of its own for each run; so does this one.
        guard let seed = Digest(bytes: Machine.random(32)) else { throw GloveboxError("internal", "no seed") }
        let rows = try Projection(table, inputPolicy: filter.inputPolicy, permutationSeed: seed)
        let code: Descriptor
        do { code = try Descriptor.open(job.code, O_RDONLY | O_DIRECTORY) } catch {
            throw error.coded("code.directory")
        }
        let name = filter.description.name
        var measured: Digest?
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in log(bytes) }
        hooks.stage = { (directories: [Descriptor], identity: FileIdentity) throws(GloveboxError) in
            guard directories.count == 2 else {
                throw GloveboxError("internal", "the jail has not two staged directories")
            }
            try identity.perform { () throws(GloveboxError) in
                measured = try CodeTree.copy(from: code.raw, into: directories[0].raw).narSha256
                do throws(SyscallError) {
                    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                    let file = try Descriptor.open("\(name).csv", flags, mode: 0o444, in: directories[1])
                    for piece in rows.pieces() { try file.write(piece) }
                } catch { throw error.coded("jail.staging") }
            }
        }
        let result = try JailRun(launcher: filter.launcher).run(specification(job), hooks: hooks)
        guard let measured else { throw GloveboxError("internal", "the code was not staged") }
        guard case .exited(0) = result.end, let output = result.output else {
            return Outcome(code: measured, end: Self.text(result.end), verdict: nil)
        }
        let verdict = try filter.judge(output, table)
        return Outcome(code: measured, end: Self.text(result.end), verdict: verdict)
    }

    private func specification(_ job: Job) throws(GloveboxError) -> JailSpecification {
        let store = try ImageStore(directory: job.images)
        var specification = JailSpecification(
            root: try JobJail.root(store.root(store.resolve(job.image))),
            arguments: job.command,
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"]
        specification.directory = "/job/code"
        specification.staged = JobJail.staged(data: ["/data/\(filter.description.name)"])
        specification.outputAlias = "/job/code/outputs"
        specification.limits.memory = job.memory
        specification.limits.processes = 128
        specification.limits.cpuSeconds = job.wallSeconds
        specification.limits.wallMilliseconds = job.wallSeconds * 1000
        return specification
    }

    private static func text(_ end: JailResult.End) -> String {
        switch end {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "killed by signal \(signal)"
        case .wallClock: "stopped by the wall-clock limit"
        case .memory: "killed for memory"
        case .processorTime: "stopped by the processor-time limit"
        case .fileSize: "stopped by the file-size limit"
        case .cancelled: "cancelled"
        case .notFound: "the command is not in the image"
        case .notExecutable: "the command is not executable"
        }
    }
}
