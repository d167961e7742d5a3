internal import Glibc
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxMeasure

/// The jail of a rehearsal: as a site's, with mock rows in it and everything that the program prints shown.
final class MockJail {
    let specification: JailSpecification
    private let datasets: [String]
    private let tree: Descriptor
    private var measured: Digest?

    init(_ job: Rehearsal.Job, datasets: [String]) throws(GloveboxError) {
        self.datasets = datasets
        do { tree = try Descriptor.open(job.code, O_RDONLY | O_DIRECTORY) } catch {
            throw error.coded("code.directory")
        }
        let store = try ImageStore(directory: job.images)
        var specification = JailSpecification(
            root: try JobJail.root(store.root(store.resolve(job.image))),
            arguments: job.command,
            profile: try ShippedProfiles.named("default")
        )
        specification.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"]
        specification.directory = "/job/code"
        specification.staged = JobJail.staged(data: datasets.map { "/data/\($0)" })
        specification.outputAlias = "/job/code/outputs"
        specification.limits.memory = job.memory
        specification.limits.processes = 128
        specification.limits.cpuSeconds = job.wallSeconds
        specification.limits.wallMilliseconds = job.wallSeconds * 1000
        self.specification = specification
    }

    /// Hooks that put the code and the file of each dataset into a jail.
    func hooks(_ files: [Projection], log: @escaping ([UInt8]) -> Void) -> JailRun.Hooks {
        var hooks = JailRun.Hooks()
        hooks.output = { bytes, _ in log(bytes) }
        hooks.stage = { [self] (directories: [Descriptor], identity: FileIdentity) throws(GloveboxError) in
            guard directories.count == 1 + datasets.count, files.count == datasets.count else {
                throw GloveboxError("internal", "the jail has not one staged directory for the code and each dataset")
            }
            try identity.perform { () throws(GloveboxError) in
                measured = try CodeTree.copy(from: tree.raw, into: directories[0].raw).narSha256
                do throws(SyscallError) {
                    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                    for (name, (directory, rows)) in zip(datasets, zip(directories.dropFirst(), files)) {
                        let file = try Descriptor.open("\(name).csv", flags, mode: 0o444, in: directory)
                        for piece in rows.pieces() { try file.write(piece) }
                    }
                } catch { throw error.coded("jail.staging") }
            }
        }
        return hooks
    }

    /// Digest of the code that ran last.
    func code() throws(GloveboxError) -> Digest {
        guard let measured else { throw GloveboxError("internal", "the code was not staged") }
        return measured
    }

    /// A random seed.
    static func seed() throws(GloveboxError) -> Digest {
        guard let seed = Digest(bytes: Machine.random(32)) else { throw GloveboxError("internal", "no seed") }
        return seed
    }
}
