internal import Glibc
internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxDocuments
internal import GloveboxImages
internal import GloveboxIndex
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxMeasure
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

extension Site {
    /// The jail profile of every plan in this version.
    static let profileName = "default"

    /// Takes an uploaded code archive: checks every name and size, measures it, keeps exactly those bytes.
    func addBlob(_ caller: Caller, _ upload: BlobUpload) throws(GloveboxError) -> BlobReceipt {
        let file: Descriptor
        do { file = try Descriptor.open(upload.path, O_RDONLY | O_NOFOLLOW) } catch {
            throw error.coded("storage.read")
        }
        let measurement = try CodeTree.measure(archive: DescriptorStream(borrowing: file.raw))
        return try register(measurement, of: caller, bytes: upload.bytes) { () throws(GloveboxError) in
            try StateFile.read(upload.path, limit: 300 << 20)
        }
    }

    /// Takes code that the site packed itself, with what was measured of it on the way.
    func addCode(
        _ caller: Caller,
        _ archive: [UInt8],
        _ measurement: CodeMeasurement
    ) throws(GloveboxError) -> BlobReceipt {
        try register(measurement, of: caller, bytes: UInt64(archive.count)) { archive }
    }

    /// Keeps a measured archive, and puts code that is new on record.
    private func register(
        _ measurement: CodeMeasurement,
        of caller: Caller,
        bytes: UInt64,
        _ read: () throws(GloveboxError) -> [UInt8]
    ) throws(GloveboxError) -> BlobReceipt {
        try collecting.withLock { _ throws(GloveboxError) in try blobs.put(measurement.narSha256, read) }
        let code = RegisteredCode(measurement, owner: caller.account)
        if try self.code(measurement.narSha256) == nil {
            try record(
                Event(
                    kind: .codeRegistered,
                    actor: caller.account,
                    fields: [("narSha256", .string(measurement.narSha256.hex))]
                ),
                code.json
            )
        }
        return BlobReceipt(
            narSha256: measurement.narSha256,
            gitTreeSha256: measurement.gitTreeSha256,
            dirHash: measurement.dirHash,
            files: measurement.files.count,
            size: bytes
        )
    }

    /// Makes the plan that people approve.
    ///
    /// Nothing in it can change afterwards without another digest. What leaves is written to the places `delivered`, too.
    func createPlan(
        _ caller: Caller,
        _ request: CreatePlanRequest,
        delivering delivered: [Manifest.Output] = []
    ) throws(GloveboxError) -> CreatedPlan {
        guard let code = try code(request.code), blobs.has(request.code) else {
            throw GloveboxError("object.not-found", "there is no code tree \(request.code)", hint: "Upload it first.")
        }
        let project = request.project ?? Project.standard
        let names = [request.dataset, request.join].compactMap { $0 }
        try read { state in
            Result { () throws(GloveboxError) in
                try state.requireProject(project, for: caller.account, reading: names, at: Machine.now())
            }
        }.get()
        let datasets = try names.map { name throws(GloveboxError) in
            try dataset(named: name)
        }
        let rules = try rules(request, project, datasets)
        try requirePurpose(of: project, under: rules.input)
        let policy = rules.output
        let data = try PlanData(datasets, rules)
        try data.requireRoom(under: policy)
        guard let processing = read({ state in state.processingPolicy }) else {
            throw GloveboxError("policy.unknown", "the site has no processing policy")
        }
        let image = try images.resolve(request.image)
        let environment = request.env.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        let limits = try jobLimits(request.limits, wallSeconds: policy.privacy.blocks?.runSeconds)
        let violations = processing.violations(
            of: ProcessingRequest(
                image: (image.name ?? request.image, image.digest),
                jailProfile: Self.profileName,
                limits: limits,
                environment: environment,
                steps: 1,
                isDeterministic: request.deterministic != nil
            )
        )
        if let first = violations.first {
            if alarms.mayRing("policy.violation \(caller.account)", at: Machine.now()) {
                try record(Event(kind: .policyViolation, actor: caller.account, statusCode: first.code))
            }
            throw first
        }
        let isolation: Manifest.Isolation? = request.needsFullIsolation ? .full : nil
        try JobJail.requireIsolation(isolation, at: self)
        try checkSpec(code, policy, data, project: project)
        try registerImage(image)
        guard let profile = ShippedProfiles.bytes(Self.profileName) else {
            throw GloveboxError("profile.unknown", "the jail profile is missing")
        }
        let own = [
            ("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("PYTHONHASHSEED", "0"), ("PYTHONUNBUFFERED", "1"), ("OPENBLAS_NUM_THREADS", "1"),
        ]
        let fixed = try Self.fixed(request)
        let manifest = Manifest(
            site: configuration.name,
            project: project,
            submitter: caller.account,
            mode: .real,
            core: Manifest.Core(
                code: code.digests,
                files: code.files,
                image: Manifest.NamedDigest(name: image.name ?? request.image, digest: image.digest),
                executors: [
                    Manifest.Executor(
                        argv: request.argv,
                        cwd: "/job/code",
                        env: TextMap(own.map { ($0.0, $0.1) } + environment.map { ($0.name, $0.value) } + fixed)
                    )
                ],
                profile: Manifest.NamedDigest(name: Self.profileName, digest: Machine.sha256(profile)),
                isolation: isolation,
                limits: limits.manifest,
                deterministic: request.deterministic.map {
                    Manifest.Deterministic(seed: $0.seed, clock: $0.clock, threads: Deterministic.threads)
                }
            ),
            inputs: data.datasets.map(\.input),
            policies: Manifest.Policies(
                input: data.inputPolicy.document.digest,
                processing: processing.document.digest,
                output: policy.document.digest
            ),
            outputs: [Manifest.Output()] + delivered,
            purpose: request.purpose
        )
        try checkProgram(manifest, policy, data, project: project)
        try checkRoom(forRoundOf: manifest, policy, data)
        try collecting.withLock { _ throws(GloveboxError) in
            // From here on nothing that it names is removed; until here it may have been.
            keepDraft(PlanDraft(manifest: manifest, rules: rules))
            guard blobs.has(request.code) else {
                throw GloveboxError(
                    "object.not-found",
                    "the code tree \(request.code) is gone",
                    hint: "Upload it again."
                )
            }
            _ = try images.resolve(image.digest.named)
        }
        return CreatedPlan(planDigest: manifest.digest, coreDigest: manifest.coreDigest, manifest: manifest.bytes)
    }

    /// The variables of a plan that is to be repeatable; a submitter who asks for others asks for two things at once.
    private static func fixed(_ request: CreatePlanRequest) throws(GloveboxError) -> [(String, String)] {
        guard let asked = request.deterministic else { return [] }
        let variables = Deterministic.variables(seed: asked.seed)
        for (name, value) in variables {
            if let other = request.env[name], !other.utf8.elementsEqual(value.utf8) {
                throw GloveboxError(
                    "plan.deterministic",
                    "the deterministic mode sets \(name) to \(value), the request to \(Display.escape(other))"
                )
            }
        }
        return variables.map { ($0.name, $0.value) }
    }

    /// The limits of a plan, with the site's own where none is asked for.
    ///
    /// - Throws: `limit.exceeded` for more processors than run jobs here, or none.
    func jobLimits(_ request: RequestedLimits, wallSeconds: Int64? = nil) throws(GloveboxError) -> JobLimits {
        let processors = Int64(clamping: request.processors ?? 1)
        guard (1...Int64(settings.jobs.capacity.processors)).contains(processors) else {
            throw GloveboxError(
                "limit.exceeded",
                "\(processors) processors are asked for; jobs have 1 to \(settings.jobs.capacity.processors) here"
            )
        }
        return JobLimits(
            cpuSeconds: Int64(clamping: request.cpuSeconds ?? 600),
            wallSeconds: request.wallSeconds.map { Int64(clamping: $0) } ?? wallSeconds ?? 900,
            memoryBytes: Int64(clamping: request.memoryBytes ?? 2 << 30),
            pids: Int64(clamping: request.pids ?? 128),
            diskBytes: Int64(clamping: request.diskBytes ?? 1 << 30),
            files: Int64(clamping: request.files ?? 10_000),
            processors: processors
        )
    }

    /// A plan whose spec can never be released is refused before anyone is asked.
    private func checkSpec(
        _ code: RegisteredCode,
        _ policy: OutputPolicy,
        _ data: PlanData,
        project: String
    ) throws(GloveboxError) {
        guard !code.files.contains(where: { $0.path == "outputs" || $0.path.hasPrefix("outputs/") }) else {
            throw GloveboxError(
                "upload.rejected",
                "the code tree has an 'outputs' of its own; the jail puts /out there"
            )
        }
        let specs = specs(code.digests.nar, code.files)
        let asked = try AskedRelease(specs, policy: policy, data: (data.description, data.inputPolicy))
        guard case .query(let query) = asked else { return }
        try requireRoom(for: charge(for: query.question(), policy, data, project: project), policy)
    }

    /// One file of an uploaded tree.
    func file(_ path: String, of nar: Digest) throws(GloveboxError) -> [UInt8] {
        let archive = try blobs.open(nar)
        return try CodeTree.file(path, archive: DescriptorStream(borrowing: archive.raw))
    }

    /// Puts an image that is used for the first time on record.
    func registerImage(_ image: StoredImage) throws(GloveboxError) {
        guard read({ state in !state.images.contains(image.digest) }) else { return }
        try record(
            Event(
                kind: .imageRegistered,
                fields: [("image", .string(image.name ?? "")), ("digest", .string(image.digest.hex))]
            ),
            ["digest": image.digest.json, "name": .string(image.name ?? "")]
        )
        try refreshTrust()
    }

    /// The policies of a plan, tightened by the dataset, the project and the run.
    private func rules(
        _ request: CreatePlanRequest,
        _ project: String,
        _ datasets: [RegisteredDataset]
    ) throws(GloveboxError) -> PlanRules {
        var ofRun: [PolicyChain.Layer] = []
        for text in request.tighten {
            let (value, lines) = try StrictYAML.readLocated(Array(text.utf8))
            ofRun.append(PolicyChain.Layer(.run, value, lines: DocumentLines(lines)))
        }
        return try rules(
            request.outputPolicy,
            dataset: datasets.first,
            joining: datasets.dropFirst().first,
            project: project,
            run: ofRun
        )
    }

    /// A plan that is waiting to be submitted, or was.
    func plan(_ digest: Digest) throws(GloveboxError) -> Manifest { try draft(digest).manifest }

    /// Logs that one who may vote looks at the plan of a job that waits, at most once in ten minutes for each.
    ///
    /// - Throws: `log.unavailable`; nothing is shown then.
    func notePlanReview(_ caller: Caller, _ digest: Digest) throws(GloveboxError) {
        let waiting = read { state in
            state.open.compactMap { state.jobs[$0] }.first {
                $0.job.phase == .awaitingApproval && $0.job.planDigest == digest
                    && $0.job.submitter != caller.account
                    && state.mayReview(caller.account, of: $0.manifest.project)
            }
        }
        guard let waiting, caller.roles.contains(.reviewer) || caller.roles.contains(.owner) else { return }
        let id = waiting.job.id
        guard alarms.mayRing("job.reviewed \(id) \(caller.account)", at: Machine.now()) else { return }
        try record(Event(kind: .jobReviewed, job: id, project: waiting.manifest.project, actor: caller.account))
    }

    /// A plan, if the caller may know of it.
    func plan(_ digest: Digest, for caller: Caller) throws(GloveboxError) -> Manifest {
        let plan = try plan(digest)
        guard isVisible(plan, to: caller) else {
            throw GloveboxError("object.not-found", "there is no plan \(digest)")
        }
        return plan
    }

    /// A plan with its policies.
    func draft(_ digest: Digest) throws(GloveboxError) -> PlanDraft {
        let found = read { state in
            state.drafts[digest]
                ?? state.jobs.values.first { $0.job.planDigest == digest }.map {
                    PlanDraft(manifest: $0.manifest, rules: $0.rules)
                }
        }
        if let found { return found }
        guard let ended = try index.job(withPlan: digest), let entry = try entry(ended) else {
            throw GloveboxError("object.not-found", "there is no plan \(digest)")
        }
        return PlanDraft(manifest: entry.manifest, rules: entry.rules)
    }
}
