internal import Crypto
internal import Glibc
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxMeasure
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency

/// Fills a jail with the approved code and the data, and is the only place where data is in the clear.
final class Staging {
    private let site: Site
    private let entry: JobEntry
    private let dataset: RegisteredDataset
    /// Digest of the start statement, which the key's event names.
    private let start: GloveboxCore.Digest
    private let showsRows: Bool
    private let holdoutCheck: HoldoutCheck?
    /// Opened before the thread takes on the jail's identity, which may not open it.
    private let archive: Descriptor
    /// The dataset's rows, for recomputing what the job claims.
    private(set) var table: DatasetTable?
    /// What the job saw of them and what it did not; nil when it sees all.
    private(set) var holdout: Holdout?
    /// The key of this lineage's unit tags.
    private(set) var lineageKey: [UInt8]?
    /// Log index of the key's release.
    private(set) var keyRelease: UInt64?

    /// The job sees the dataset's rows, or its header alone.
    init(
        site: Site,
        entry: JobEntry,
        dataset: RegisteredDataset,
        start: GloveboxCore.Digest,
        showsRows: Bool,
        holdout: HoldoutCheck? = nil
    ) throws(GloveboxError) {
        self.start = start
        self.showsRows = showsRows
        holdoutCheck = holdout
        self.site = site
        self.entry = entry
        self.dataset = dataset
        archive = try site.blobs.open(entry.manifest.core.code.nar)
    }

    /// Copies code and data into the jail's own directories; the code's digest as copied.
    ///
    /// - Throws: `plan.digest-mismatch` when the copied code is not the approved code.
    func fill(_ directories: [Descriptor], _ identity: FileIdentity) throws(GloveboxError) -> GloveboxCore.Digest {
        guard directories.count == 2 else { throw GloveboxError("internal", "the jail has not two staged directories") }
        let approved = entry.manifest.core.code.nar
        let archive = archive
        let measured = try identity.perform { () throws(GloveboxError) in
            try NARUnpacker.unpack(
                from: DescriptorStream(borrowing: archive.raw),
                into: directories[0].raw
            )
        }
        guard measured.narSha256 == approved else {
            throw GloveboxError(
                "plan.digest-mismatch",
                "the code is now \(measured.narSha256), the plan was approved for \(approved)"
            )
        }
        let rows = try openData()
        try identity.perform { () throws(GloveboxError) in
            do throws(SyscallError) {
                let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                let file = try Descriptor.open("\(dataset.name).csv", flags, mode: 0o444, in: directories[1])
                for piece in rows.pieces() { try file.write(piece) }
            } catch { throw error.coded("jail.staging") }
        }
        return measured.narSha256
    }

    /// Decrypts the data; the key leaves the broker only after the log says so.
    private func openData() throws(GloveboxError) -> Projection {
        let site = site
        let event = Event(
            kind: .keyReleased,
            job: entry.job.id,
            project: entry.manifest.project,
            dataset: dataset.name,
            fields: [("plan", .string(entry.job.planDigest.hex)), ("start", .string(start.hex))]
        )
        // Paid before it is used: each run that sees data is one of those the policy allows in a day.
        try site.record(
            Event(
                kind: .budgetSpent,
                job: entry.job.id,
                project: entry.manifest.project,
                dataset: dataset.name,
                fields: [("budget", "runs"), ("amount", "1")]
            )
        )
        var index: UInt64?
        let key = try site.broker.release(dataset.wrappedKey) { () throws(GloveboxError) in
            index = try site.record(event)
        }
        keyRelease = index
        let sealed = try StateFile.read(site.layout.datasets + "/" + dataset.file, limit: 8 << 30)
        let bytes = try SealedChunks.open(sealed, key: key, label: dataset.file)
        let table = try DatasetTable(stored: bytes, description: dataset.description)
        self.table = table
        lineageKey = try site.broker.release(dataset.wrappedLineageKey) {}  // logged with the data key above
        if let holdoutCheck {
            holdout = try Holdout(
                holdoutCheck,
                of: table,
                inputPolicy: dataset.inputPolicy,
                seed: Machine.sha256(Machine.random(32))
            )
        }
        return try Projection(
            table,
            inputPolicy: dataset.inputPolicy,
            permutationSeed: permutationSeed(),
            showsRows: showsRows,
            only: holdout?.shown
        )
    }

    /// What decides the order in which the job sees the rows: drawn for each run, or, when the run is to be repeatable,
    /// taken from the plan's seed and a key of the dataset that no one outside has.
    private func permutationSeed() throws(GloveboxError) -> GloveboxCore.Digest {
        var bytes = Machine.random(32)
        if let fixed = entry.manifest.core.deterministic, let lineageKey {
            let text = "glovebox/permutation/v1 \(fixed.seed)"
            let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: lineageKey))
            bytes = Array(code)
        }
        guard let seed = GloveboxCore.Digest(bytes: bytes) else { throw GloveboxError("internal", "no seed") }
        return seed
    }
}
