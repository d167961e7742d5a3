internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxPolicy

extension Site {
    /// The names of what must protect a plan's jail: what the processing policy demands, and the plan.
    func demandedProtections(of core: Manifest.Core) -> [String] {
        let policy = read { state in state.processingPolicy?.protections ?? [] }.map(\.rawValue)
        return policy + (core.isolation == .full ? JailProtections.full.filter { !policy.contains($0) } : [])
    }
}

/// The jail a plan describes.
struct JobJail {
    private(set) var specification: JailSpecification
    let imageFormat: String
    /// Under what its program is known, once measured.
    let programKey: KnownPrograms.Key

    init(site: Site, entry: JobEntry, isRemote: Bool = false) throws(GloveboxError) {
        let executors = entry.manifest.core.executors
        guard let executor = executors.first, executors.count == 1 else {
            throw GloveboxError("plan.executors", "this version runs plans on private data with one command")
        }
        try self.init(site: site, entry: entry, executor: executor, isRemote: isRemote)
        specification.staged = Self.staged(data: entry.manifest.inputs.map(\.mount))
        specification.outputAlias = "/job/code/outputs"
        // All of it is heard, and the end of it kept.
        (specification.limits.outBytes, specification.limits.errorBytes) = (.max, .max)
    }

    /// A jail for one command of a plan, with no directory of the supervisor's in it; `isRemote` tells that a node builds it,
    /// which is asked itself what protects it there.
    init(
        site: Site,
        entry: JobEntry,
        executor: Manifest.Executor,
        isRemote: Bool = false
    ) throws(GloveboxError) {
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
        specification.required = site.demandedProtections(of: core)
        specification.isolatedCache = specification.required.contains(Protection.privatePageCache.rawValue)
        // Before keys, data and payment.
        if !isRemote { try JailRun(reserve: site.jails).checkProtections(of: specification) }
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
        if core.isolation == .full {
            specification.required += JailProtections.full.filter { !specification.required.contains($0) }
        }
        specification.limits.memory = core.limits.memoryBytes
        specification.limits.processes = core.limits.pids
        specification.limits.milliCPUs = core.limits.processors * 1000
        specification.limits.cpuSeconds = core.limits.cpuSeconds
        specification.limits.wallMilliseconds = core.limits.wallSeconds * 1000
        specification.limits.scratchBytes = core.limits.diskBytes
        specification.limits.scratchFiles = core.limits.files
    }

    /// Checks that this machine gives a plan that demands it full isolation, before anybody is asked to approve it.
    ///
    /// - Throws: `plan.isolation`.
    static func requireIsolation(_ isolation: Manifest.Isolation?, at site: Site) throws(GloveboxError) {
        // Nodes are asked when they come for the job.
        guard isolation == .full, site.settings.jobs.nodes == nil else { return }
        try requireIsolation(isolation, of: JailRun(reserve: site.jails).protections(of: probe()))
    }

    /// Compares what a machine has with what a plan demands of it.
    ///
    /// - Throws: `plan.isolation`.
    static func requireIsolation(
        _ isolation: Manifest.Isolation?,
        of protections: JailProtections
    ) throws(GloveboxError) {
        let fallbacks = protections.fallbacks(isBuilt: false)
        guard isolation == .full, !fallbacks.isEmpty else { return }
        throw GloveboxError(
            "plan.isolation",
            "the plan demands full isolation, and here a fallback stands in for \(fallbacks.joined(separator: ", "))",
            hint: "'glovebox doctor' tells what to do on the host."
        )
    }

    /// A jail of the profile of every plan, to be told what would protect it; no command of it is ever run.
    static func probe() throws(GloveboxError) -> JailSpecification {
        JailSpecification(
            root: .directory("/"),
            arguments: ["true"],
            profile: try ShippedProfiles.named(Site.profileName)
        )
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
