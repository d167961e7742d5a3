internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxIndex
internal import GloveboxJobs
internal import GloveboxObjects
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

extension Site {
    /// The phases in which a job goes on when people act.
    static let waitingForPeople: Set<JobPhase> = [.awaitingApproval, .awaitingReview, .returned]

    /// A page of the tasks a caller may see, newest first.
    func tasks(for caller: Caller, _ query: TaskQuery) throws(GloveboxError) -> Page<TaskRecord> {
        var filter = filter(for: caller)
        filter.namePrefix = query.namePrefix
        filter.tags = query.tags.map { EndedJob.Tag(key: $0.key, value: $0.value) }
        filter.phases = query.state.map { state in
            JobPhase.allCases.filter { $0.tesState == state }.reduce(into: []) { $0.formUnion(Self.ends($1)) }
        }
        return try page(filter, before: query.before, limit: query.limit) { (id) throws(GloveboxError) -> TaskRecord? in
            let task: TaskRecord
            do throws(GloveboxError) { task = try self.task(id, for: caller) } catch {
                guard error.code == "object.not-found" else { throw error }
                return nil
            }
            return query.fits(task) ? task : nil
        }
    }

    /// A job as the task API shows it.
    func task(_ id: String, for caller: Caller) throws(GloveboxError) -> TaskRecord {
        let entry = try visible(id, to: caller)
        let info = info(entry, for: caller)
        let document: TaskDocument
        if let task = entry.task { document = task } else { document = try Self.document(of: entry.manifest) }
        var task = TaskRecord(
            id: id,
            // Who sees the end finds the files.
            phase: isDelivering(entry) && info.phase == .released ? .releasing : info.phase,
            waitsForPeople: Self.waitingForPeople.contains(info.phase),
            document: document,
            created: info.created
        )
        let isFree = entry.manifest.inputs.isEmpty
        if isFree, let run = entry.job.lastRun {
            task.start = run.started
            task.end = run.ended
        }
        if isFree, let digest = entry.taskLog, blobs.has(digest) {
            let log = try TaskLog(json: JSONReader.read(blobs.get(digest)))
            task.executors = log.executors
            if task.phase == .released { task.outputs = log.outputs }
        } else if !isFree, info.phase == .released, entry.evidence.map(blobs.has) == true {
            task.executors = [
                TaskRecord.ExecutorLog(start: nil, end: nil, stdout: nil, stderr: nil, exitCode: 0)
            ]
            task.outputs = try released(entry).flatMap { file in
                let places = [("glovebox://release/\(file.path)", "/out/\(file.path)")]
                return (places + TaskOutputs.deliveries(of: file.path, entry.manifest.outputs)).map {
                    TaskRecord.OutputLog(url: $0.0, path: $0.1, bytes: UInt64(file.content.count))
                }
            }
        }
        task.metadata = metadata(entry, info, isFree: isFree)
        task.systemLogs = systemLogs(entry, info)
        return task
    }

    private func metadata(_ entry: JobEntry, _ info: JobInfo, isFree: Bool) -> [(name: String, value: String)] {
        var out: [(name: String, value: String)] = [
            ("glovebox.phase", info.phase.rawValue), ("glovebox.since", info.since.text),
            ("glovebox.plan_digest", info.planDigest.named), ("glovebox.core_digest", info.coreDigest.named),
            ("glovebox.policy_digest", entry.manifest.policies.output.named), ("glovebox.assurance", "emulated"),
            ("glovebox.exit_code", isFree ? "exact" : "collapsed"), ("glovebox.logs", isFree ? "released" : "withheld"),
        ]
        if let waiting = info.waiting {
            out.append(("glovebox.waiting_code", waiting.code.rawValue))
            let parties = waiting.waitingOn.map(Self.words)
            if !parties.isEmpty { out.append(("glovebox.waiting_on", parties.joined(separator: ", "))) }
        }
        if !entry.job.approvals.isEmpty {
            out.append(("glovebox.approval_ids", entry.job.approvals.map(\.named).joined(separator: " ")))
        }
        if let url = info.receiptURL {
            out.append(("glovebox.receipt_url", url))
            if let index = entry.reportIndex { out.append(("glovebox.log_index", String(index))) }
            if let report = entry.job.report { out.append(("glovebox.report_digest", report.named)) }
        }
        return out
    }

    private static func words(_ party: Waiting.Party) -> String {
        switch party {
        case .role(let role, let need, let have): "\(role.rawValue) (\(have) of \(need))"
        case .datasetOwner(let dataset, _, _): "owner of \(dataset)"
        case .submitter: "researcher"
        case .place(let place): "place \(place) in the queue"
        case .witness(let name): "witness \(name)"
        case .cluster(let name, let job, _): "\(name) \(job)"
        case .isolation: "a node with full isolation"
        }
    }

    private func systemLogs(_ entry: JobEntry, _ info: JobInfo) -> [String] {
        var lines =
            (entry.task?.warnings ?? [])
            + (entry.task.map { objects.announcements(of: $0, isFree: entry.manifest.inputs.isEmpty) } ?? [])
        do throws(GloveboxError) {
            if let task = entry.task { lines += try TaskParameters(task).warnings }
        } catch {
            // It was readable when the job was made, and is not worth more now.
        }
        if !info.message.isEmpty { lines.append(info.message) }
        if let why = undelivered.withLock({ $0[entry.job.id] }) {
            lines.append("Not every output was written: \(why).")
        }
        if !info.reasons.isEmpty { lines.append("Ended without a release: " + info.reasons.joined(separator: ", ")) }
        return lines + info.denied
    }

    /// What a plan that was not made by a task would have been as one.
    private static func document(of manifest: Manifest) throws(GloveboxError) -> TaskDocument {
        let executors = manifest.core.executors.map { executor -> JSONValue in
            [
                "image": .string(manifest.core.image.name), "command": .array(executor.argv.map { .string($0) }),
                "workdir": .string(executor.cwd),
            ]
        }
        return try TaskDocument(json: ["executors": .array(executors)])
    }

    /// The files that left with a job, as its report lists them.
    func released(_ entry: JobEntry) throws(GloveboxError) -> [NamedFile] {
        guard let blob = entry.evidence else { return [] }
        try requireKept(blob, of: entry)
        let files = try NamedFiles(json: JSONReader.read(blobs.get(blob), limits: Self.evidenceLimits))
        guard let envelope = files[EvidenceFiles.report] else { return [] }
        let payload = try JSONReader.read(Envelope(parsing: envelope).payload)
        var out: [NamedFile] = []
        for value in payload["predicate"]?["outputs"]?["released"]?.array ?? [] {
            guard let name = value["name"]?.string, name.hasPrefix("outputs/"),
                let bytes = files[String(name.dropFirst(8))]
            else { continue }
            out.append(NamedFile(path: String(name.dropFirst(8)), content: bytes))
        }
        return out
    }

    /// Evidence carries released files in base64.
    private static var evidenceLimits: JSONReader.Limits {
        var limits = JSONReader.Limits()
        limits.bytes = 300 << 20
        return limits
    }

    /// The released files of a job, for its researcher and for auditors; that they were taken is on record.
    func results(_ id: String, for caller: Caller) throws(GloveboxError) -> [NamedFile] {
        let entry = try visible(id, to: caller)
        try requireRecipient(of: entry, caller)
        guard try info(id, for: caller).phase == .released else {
            throw GloveboxError(
                "job.phase",
                "job \(id) has released nothing",
                hint: "Watch it with 'glovebox status \(id)'."
            )
        }
        let files = try released(entry)
        try record(Event(kind: .outputDownloaded, job: id, output: "results", actor: caller.account))
        return files
    }

    /// What the task API tells of itself.
    func taskService() -> JSONValue {
        [
            "id": .string(configuration.origin), "name": .string(configuration.name),
            "type": ["group": "org.ga4gh", "artifact": "tes", "version": "1.1.0"],
            "description": "Runs approved code in a jail and releases what its policy allows. Assurance: emulated.",
            "organization": ["name": .string(configuration.name), "url": .string(configuration.issuer)],
            "contactUrl": .string(configuration.issuer), "documentationUrl": .string(configuration.issuer),
            "createdAt": .string(configuration.founded.text), "updatedAt": .string(configuration.founded.text),
            "environment": "prod", "version": .string(SiteLog.version),
            "storage": .array(
                (TaskURL.usable + files.roots.map { "file://\($0)/" }
                    + objects.buckets.map { "s3://\($0.bucket)/" }).map { .string($0) }
            ),
            "tesResources_backend_parameters": .array(TaskParameters.keys.map { .string($0) }),
        ]
    }
}
