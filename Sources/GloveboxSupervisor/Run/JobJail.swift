internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxPolicy

/// The jail a plan describes.
struct JobJail {
    private(set) var specification: JailSpecification
    let imageFormat: String
    /// Under what its program is known, once measured.
    let programKey: KnownPrograms.Key

    init(site: Site, entry: JobEntry) throws(GloveboxError) {
        let executors = entry.manifest.core.executors
        guard let executor = executors.first, executors.count == 1 else {
            throw GloveboxError("plan.executors", "this version runs plans on private data with one command")
        }
        try self.init(site: site, entry: entry, executor: executor)
        specification.staged = Self.staged(data: entry.manifest.inputs.map(\.mount))
        specification.outputAlias = "/job/code/outputs"
        // All of it is heard, and the end of it kept.
        (specification.limits.outBytes, specification.limits.errorBytes) = (.max, .max)
    }

    /// A jail for one command of a plan, with no directory of the supervisor's in it.
    init(site: Site, entry: JobEntry, executor: Manifest.Executor) throws(GloveboxError) {
        let core = entry.manifest.core
        let image = try site.images.resolve(core.image.digest.hex)
        var specification = JailSpecification(
            root: try Self.root(measured: image, in: site.images),
            arguments: executor.argv,
            profile: try ShippedProfiles.named(core.profile.name)
        )
        try Self.apply(core, executor, to: &specification)
        programKey = KnownPrograms.Key(
            image: core.image.digest,
            command: executor.argv.first ?? "",
            path: specification.environment["PATH"]
        )
        // A command with a slash may lie in the code, which is another each time and measured as a whole.
        specification.measuresProgram =
            !programKey.command.utf8.contains(UInt8(ascii: "/")) && !site.programs.has(programKey)
        let demanded = site.read { state in state.processingPolicy?.protections ?? [] }
        specification.required = demanded.map(\.rawValue)
        specification.isolatedCache = demanded.contains(.privatePageCache)
        // Before keys, data and payment.
        try JailRun(reserve: site.jails).checkProtections(of: specification)
        self.specification = specification
        imageFormat = image.format
    }

    /// What a plan says of the jail of one of its commands, whichever machine builds it.
    ///
    /// - Throws: `jail.policy` for another profile than the approved one, `plan.deterministic`.
    static func apply(
        _ core: Manifest.Core,
        _ executor: Manifest.Executor,
        to specification: inout JailSpecification
    ) throws(GloveboxError) {
        guard let bytes = ShippedProfiles.bytes(core.profile.name), Machine.sha256(bytes) == core.profile.digest else {
            throw GloveboxError("jail.policy", "the jail profile is not the one that was approved")
        }
        specification.profile = try ShippedProfiles.named(core.profile.name)
        specification.arguments = executor.argv
        specification.environment = [:]
        for (name, text) in executor.env.pairs { specification.environment[name] = text }
        specification.directory = executor.cwd
        specification.deterministic = nil
        if let fixed = core.deterministic {
            guard fixed.threads == Deterministic.threads else {
                throw GloveboxError("plan.deterministic", "this version runs repeatable jobs with one thread")
            }
            specification.deterministic = try Deterministic(seed: fixed.seed, clock: fixed.clock)
        }
        specification.limits.memory = core.limits.memoryBytes
        specification.limits.processes = core.limits.pids
        specification.limits.milliCPUs = core.limits.processors * 1000
        specification.limits.cpuSeconds = core.limits.cpuSeconds
        specification.limits.wallMilliseconds = core.limits.wallSeconds * 1000
        specification.limits.scratchBytes = core.limits.diskBytes
        specification.limits.scratchFiles = core.limits.files
    }

    /// The directories the supervisor fills: code, then those of the data.
    static func staged(data: [String]) -> [JailSpecification.Staged] {
        [JailSpecification.Staged(path: "/job/code", bytes: 512 << 20, inodes: 50_000)]
            + data.map { JailSpecification.Staged(path: $0, bytes: 8 << 30, inodes: 16) }
    }

    /// The image as it was measured, whatever lies in the store by the time the jail is made.
    ///
    /// An ordinary user's tree is unpacked from what was measured, once; a change of the tree after that is not seen.
    private static func root(
        measured image: StoredImage,
        in store: ImageStore
    ) throws(GloveboxError) -> JailSpecification.Root {
        let file = try store.measured(image)
        if Kernel.isHostRoot { return .file(file, format: try format(image.format)) }
        return .directory(try store.unpacked(image, from: file.path))
    }

    /// The image in the jail's words.
    static func root(_ root: ImageRoot) throws(GloveboxError) -> JailSpecification.Root {
        switch root {
        case .directory(let path): return .directory(path)
        case .image(let path, let name): return .image(path: path, format: try format(name))
        }
    }

    static func format(_ name: String) throws(GloveboxError) -> DetachedMount.Format {
        guard let format = DetachedMount.Format(rawValue: name) else {
            throw GloveboxError("image.format", "an image of format \(name) cannot be mounted")
        }
        return format
    }
}
