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

/// Fills a jail with the approved code and the data, and is the only place where data is in the clear.
final class Staging {
    private let site: Site
    private let entry: JobEntry
    private let data: PlanData
    private let door: KeyDoor
    private let showsRows: Bool
    private let holdoutCheck: HoldoutCheck?
    /// Opened before the thread takes on the jail's identity, which may not open it.
    private let archive: Descriptor
    /// The dataset's rows, for recomputing what the job claims.
    private(set) var table: DatasetTable?
    /// What the job saw of them and what it did not; nil when it sees all.
    private(set) var holdout: Holdout?
    /// The key of unit tags.
    private(set) var lineageKey: [UInt8]?
    /// Names what the job was shown of each dataset, under the key of unit tags: a plain digest of data never leaves.
    private(set) var views: [String: GloveboxCore.Digest] = [:]

    /// The job sees the dataset's rows, or its header alone.
    init(
        site: Site,
        entry: JobEntry,
        data: PlanData,
        door: KeyDoor,
        showsRows: Bool,
        holdout: HoldoutCheck? = nil
    ) throws(GloveboxError) {
        self.door = door
        self.showsRows = showsRows
        holdoutCheck = holdout
        self.site = site
        self.entry = entry
        self.data = data
        archive = try site.blobs.open(entry.manifest.core.code.nar)
    }

    /// Copies code and data into the jail's own directories; the code's digest as copied.
    ///
    /// - Throws: `plan.digest-mismatch` when the copied code is not the approved code.
    func fill(_ directories: [Descriptor], _ identity: FileIdentity) throws(GloveboxError) -> GloveboxCore.Digest {
        guard directories.count == 1 + data.datasets.count else {
            throw GloveboxError("internal", "the jail has not one staged directory for the code and for each dataset")
        }
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
        for (place, (dataset, rows)) in zip(data.datasets, try openData()).enumerated() {
            try checkLimits(rows, of: dataset)
            try identity.perform { () throws(GloveboxError) in
                do throws(SyscallError) {
                    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                    let directory = directories[1 + place]
                    let file = try Descriptor.open("\(dataset.name).csv", flags, mode: 0o444, in: directory)
                    for piece in rows.pieces() { try file.write(piece) }
                } catch { throw error.coded("jail.staging") }
            }
        }
        return measured.narSha256
    }

    /// Names the view and keeps it within the input policy's limits, before a byte of it is shown.
    private func checkLimits(_ rows: Projection, of dataset: RegisteredDataset) throws(GloveboxError) {
        var hash = SHA256()
        var bytes = 0
        for piece in rows.ordered.pieces() {
            hash.update(data: piece)
            bytes += piece.count
        }
        let limits = dataset.inputPolicy.limits
        if let limits, rows.rowCount > limits.maxRows || bytes > limits.maxBytes {
            throw GloveboxError(
                "input-policy.limits",
                "the job would see \(rows.rowCount) rows in \(bytes) bytes, more than the input policy allows",
                hint: "Narrow row_filter or columns, or publish a policy with greater limits."
            )
        }
        guard let lineageKey else { throw GloveboxError("internal", "the view has no key") }
        let message = Array("glovebox/view/v1\n".utf8) + hash.finalize()
        let code = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: lineageKey))
        views[dataset.name] = GloveboxCore.Digest(bytes: Array(code))
    }

    /// Decrypts the data; the keys leave the broker only after the log says so.
    private func openData() throws(GloveboxError) -> [Projection] {
        var tables: [DatasetTable] = []
        for (dataset, keys) in zip(data.datasets, try door.open()) {
            let sealed = try StateFile.read(site.layout.datasets + "/" + dataset.file, limit: 8 << 30)
            let bytes = try SealedChunks.open(sealed, key: keys.data, label: dataset.file)
            tables.append(try DatasetTable(stored: bytes, description: dataset.description))
        }
        let table = try data.table(of: tables)
        self.table = table
        lineageKey = try Lineage.tagKey(at: site)
        if let holdoutCheck {
            holdout = try Holdout(
                holdoutCheck,
                of: table,
                inputPolicy: data.inputPolicy,
                seed: Machine.sha256(Machine.random(32))
            )
        }
        var views: [Projection] = []
        for (dataset, table) in zip(data.datasets, tables) {
            views.append(
                try Projection(
                    table,
                    inputPolicy: dataset.inputPolicy,
                    permutationSeed: permutationSeed(),
                    showsRows: showsRows,
                    only: holdout?.shown
                )
            )
        }
        return views
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
