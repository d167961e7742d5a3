internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxPolicy
internal import GloveboxStore

extension Site {
    /// Bytes of the objects that become part of a plan; uploads have the same limit.
    private static let mostFetched: Int64 = 256 << 20

    /// Name of the policy under which plans without private data run.
    static let freePolicy = "no-private-data"

    /// Takes a task as a job; its id.
    ///
    /// The site signs the plan for its submitter, and the report says so.
    func createTask(
        _ caller: Caller,
        _ task: TaskDocument,
        idempotency: Idempotency?
    ) throws(GloveboxError) -> String {
        if let known = try job(madeBy: idempotency) { return known }
        let parameters = try TaskParameters(task)
        try files.check(task)
        for (index, input) in task.inputs.enumerated()
        where input.content == nil && input.type == "DIRECTORY" && ObjectAddress.isMeant(by: input.url) {
            throw TaskParameters.invalid(
                "/inputs/\(index)/type",
                "must be FILE: a bucket has objects, each by its name"
            )
        }
        let image = try image(of: task)
        let datasets = task.inputs.indices.filter { index in
            if case .dataset? = TaskURL.source(task.inputs[index].url) { return true }
            return false
        }
        let draft =
            datasets.isEmpty
            ? try freePlan(caller, task, parameters, image)
            : try dataPlan(caller, task, parameters, image, datasets)
        var submission = Submission(draft: draft, envelope: try keys.links.sign(draft.manifest.bytes).bytes)
        submission.nonce = parameters.nonce
        submission.idempotency = idempotency
        submission.task = task
        return try accept(submission)
    }

    /// The one image of all executors.
    private func image(of task: TaskDocument) throws(GloveboxError) -> StoredImage {
        var found: StoredImage?
        for (index, executor) in task.executors.enumerated() {
            let place = "/executors/\(index)/image"
            let image: StoredImage
            do { image = try images.resolve(executor.image) } catch {
                guard error.code == "image.unknown" else { throw error }
                let causes = [GloveboxError.Cause(place, error.code, error.message)]
                throw GloveboxError(error.code, error.message, hint: error.hint, causes: causes)
            }
            guard found == nil || found?.digest == image.digest else {
                throw TaskParameters.invalid(place, "must be the image of the first executor: a task runs in one image")
            }
            found = image
        }
        guard let found else { throw GloveboxError("internal", "a task without executor") }
        return found
    }

    /// A plan that reads no private data.
    private func freePlan(
        _ caller: Caller,
        _ task: TaskDocument,
        _ parameters: TaskParameters,
        _ image: StoredImage
    ) throws(GloveboxError) -> PlanDraft {
        let name = parameters.policy ?? Self.freePolicy
        let (policy, processing) = read { state in (state.outputPolicies[name], state.processingPolicy) }
        guard let policy, let processing, policy.tier == .verbatim else {
            throw GloveboxError(
                "policy.unknown",
                "there is no policy \(Display.escape(name)) for tasks without private data",
                hint: "The operator adds it: glovebox policy add Policies/no-private-data.yaml"
            )
        }
        let rules = try rules(name, dataset: nil, project: parameters.project, run: [])
        let limits = try jobLimits(Self.limits(task, parameters))
        // What a task's commands are and how many: that is bounded for private data, and there is none.
        let violations = processing.violations(
            of: ProcessingRequest(
                image: (image.name ?? "", image.digest),
                jailProfile: Self.profileName,
                limits: limits,
                environment: [],
                steps: 1,
                isDeterministic: parameters.seed != nil
            )
        )
        if let first = violations.first {
            throw TaskParameters.invalid("/resources", first.message, code: "limit.exceeded")
        }
        try JobJail.requireIsolation(parameters.isolation, at: self)
        let code = try tree(caller, task.inputs, with: task) { String($0.dropFirst()) }
        try registerImage(image)
        guard let profile = ShippedProfiles.bytes(Self.profileName) else {
            throw GloveboxError("profile.unknown", "the jail profile is missing")
        }
        let manifest = Manifest(
            site: configuration.name,
            project: parameters.project,
            submitter: caller.account,
            mode: .real,
            core: Manifest.Core(
                code: code.digests,
                files: code.files,
                image: Manifest.NamedDigest(name: image.name ?? task.executors[0].image, digest: image.digest),
                executors: task.executors.map { Self.executor($0, parameters) },
                profile: Manifest.NamedDigest(name: Self.profileName, digest: Machine.sha256(profile)),
                isolation: parameters.isolation,
                limits: limits.manifest,
                deterministic: parameters.deterministic.map {
                    Manifest.Deterministic(seed: $0.seed, clock: $0.clock, threads: Deterministic.threads)
                }
            ),
            inputs: [],
            policies: Manifest.Policies(
                input: nil,
                processing: processing.document.digest,
                output: rules.output.document.digest
            ),
            outputs: task.outputs.map(Self.output)
                + task.volumes.map {
                    // A volume goes from command to command and never leaves.
                    Manifest.Output(path: $0, url: "glovebox://workspace/", type: "DIRECTORY")
                },
            purpose: parameters.purpose
        )
        _ = try TaskLayout(manifest, fetching: task)
        return PlanDraft(manifest: manifest, rules: rules)
    }

    private static func executor(_ asked: TaskDocument.Executor, _ parameters: TaskParameters) -> Manifest.Executor {
        var environment = ["HOME": "/tmp", "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
        if let seed = parameters.seed {
            for (name, value) in Deterministic.variables(seed: seed) { environment[name] = value }
        }
        for (name, value) in asked.environment { environment[name] = value }
        return Manifest.Executor(
            argv: asked.command,
            cwd: asked.directory ?? "/tmp",
            env: TextMap(environment.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }),
            stdin: asked.stdin ?? "",
            stdout: asked.stdout ?? "",
            stderr: asked.stderr ?? "",
            ignoreError: asked.ignoresError ?? false
        )
    }

    /// The prefix that is taken off the paths of a pattern stands behind a `#` of the URL.
    private static func output(_ asked: TaskDocument.Output) -> Manifest.Output {
        let url = asked.prefix.map { asked.url + "#" + $0 } ?? asked.url
        return Manifest.Output(path: asked.path, url: url, type: asked.type)
    }

    /// A plan on one dataset, or on two joined on the unit: the other inputs are the code, as if they had been uploaded.
    ///
    /// Objects of buckets are read now, since people approve what runs, and not where it came from.
    ///
    /// Of two datasets the first input is the one that the specs name.
    private func dataPlan(
        _ caller: Caller,
        _ task: TaskDocument,
        _ parameters: TaskParameters,
        _ image: StoredImage,
        _ datasets: [Int]
    ) throws(GloveboxError) -> PlanDraft {
        let executor = task.executors[0]
        guard datasets.count <= 2 else {
            throw TaskParameters.invalid("/inputs/\(datasets[2])/url", "must not be a third dataset: a plan joins two")
        }
        let names = datasets.compactMap { index -> String? in
            guard case .dataset(let name)? = TaskURL.source(task.inputs[index].url) else { return nil }
            return name
        }
        guard let policy = parameters.policy else {
            let place = "/resources/backend_parameters/glovebox_policy"
            throw TaskParameters.invalid(place, "names the output policy, and is missing", code: "schema.missing-field")
        }
        for (index, output) in task.outputs.enumerated()
        where TaskURL.isDelivered(output.url) && !TaskOutputs.isOfRelease(output.prefix ?? output.path) {
            throw TaskParameters.invalid(
                "/outputs/\(index)/path",
                "must stand below /out or /job/code/outputs: a policy decides what leaves private data",
                code: "path.invalid"
            )
        }
        guard task.executors.count == 1 else {
            throw TaskParameters.invalid("/executors/1", "a plan on private data has one command")
        }
        for (index, name) in zip(datasets, names)
        where task.inputs[index].path.split(separator: "/") != ["data", Substring(name)] {
            throw TaskParameters.invalid("/inputs/\(index)/path", "must be /data/\(name)", code: "path.invalid")
        }
        guard executor.directory ?? TaskLayout.code == TaskLayout.code, executor.stdin == nil, executor.stdout == nil,
            executor.stderr == nil
        else {
            throw TaskParameters.invalid("/executors/0", "on private data runs in /job/code, without redirections")
        }
        let prefix = TaskLayout.code + "/"
        for (index, input) in task.inputs.enumerated()
        where !datasets.contains(index) && !input.path.hasPrefix(prefix) {
            throw TaskParameters.invalid("/inputs/\(index)/path", "must stand below /job/code", code: "path.invalid")
        }
        let files = task.inputs.enumerated().filter { !datasets.contains($0.offset) }.map(\.element)
        let code = try tree(caller, files, isFetching: true) { String($0.dropFirst(prefix.count)) }
        let made = try createPlan(
            caller,
            CreatePlanRequest(
                project: parameters.project,
                code: code.digests.nar,
                image: image.digest.named,
                argv: executor.command,
                env: Dictionary(uniqueKeysWithValues: executor.environment.map { ($0.name, $0.value) }),
                dataset: names[0],
                join: names.dropFirst().first,
                outputPolicy: policy,
                limits: Self.limits(task, parameters),
                needsFullIsolation: parameters.isolation == .full,
                deterministic: parameters.deterministic,
                purpose: parameters.purpose
            ),
            // Where what leaves is written is part of what people approve.
            delivering: task.outputs.filter { TaskURL.isDelivered($0.url) }.map(Self.output)
        )
        return try draft(made.planDigest)
    }

    /// Measures and keeps the files of a task.
    private func tree(
        _ caller: Caller,
        _ inputs: [TaskDocument.Input],
        with task: TaskDocument? = nil,
        isFetching: Bool = false,
        _ place: (String) -> String
    ) throws(GloveboxError) -> RegisteredCode {
        let tree = TaskTree(in: layout.incoming)
        defer { tree.remove() }
        if let task { try tree.add(TaskJSON.encode(task.json), at: TaskTree.document) }
        var room = Self.mostFetched
        for input in inputs {
            let path = place(input.path).split(separator: "/").joined(separator: "/")
            if let content = input.content {
                try tree.add(Array(content.utf8), at: path)
            } else if case .blob(let digest)? = TaskURL.source(input.url) {
                guard try code(digest)?.owner == caller.account else {
                    throw GloveboxError("object.not-found", "there is no code tree \(digest)", hint: "Upload it first.")
                }
                try tree.add(tree: blobs.open(digest), at: path)
            } else if case .file? = TaskURL.source(input.url) {
                try files.copy(input.url, isDirectory: input.type == "DIRECTORY", into: tree, at: path)
            } else if isFetching, ObjectAddress.isMeant(by: input.url) {
                let file = try FetchedInputs.File(input, site: self, limit: room)
                room -= file.bytes
                try tree.add(file.content, at: path)
            }
        }
        let receipt =
            switch try tree.pack() {
            case .archive(let archive, let measurement): try addCode(caller, archive, measurement)
            case .upload(let upload): try addBlob(caller, upload)
            }
        guard let code = try code(receipt.narSha256) else {
            throw GloveboxError("internal", "the files of the task were not kept")
        }
        return code
    }

    private static func limits(_ task: TaskDocument, _ parameters: TaskParameters) -> RequestedLimits {
        let resources = task.resources
        func bytes(_ gigabytes: Decimals?) -> UInt64? {
            gigabytes.flatMap { $0.thousandths > 0 ? UInt64($0.thousandths) * 1_000_000 : nil }
        }
        return RequestedLimits(
            wallSeconds: parameters.timeout,
            memoryBytes: bytes(resources?.ram).map { max($0, 64 << 20) },
            diskBytes: bytes(resources?.disk).map { max($0, 16 << 20) },
            processors: (resources?.cores?.roundedUp).map { UInt64(max(1, $0)) }
        )
    }
}

extension JobLimits {
    /// As a plan carries them.
    var manifest: Manifest.Limits {
        Manifest.Limits(
            cpuSeconds: UInt64(cpuSeconds),
            wallSeconds: UInt64(wallSeconds),
            memoryBytes: UInt64(memoryBytes),
            pids: UInt64(pids),
            diskBytes: UInt64(diskBytes),
            files: UInt64(files),
            processors: UInt64(processors)
        )
    }
}
