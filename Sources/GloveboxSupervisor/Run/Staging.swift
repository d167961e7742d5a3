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

/// Fills jails with the approved code and the data, and is the only place where data is in the clear.
final class Staging {
    /// What the job is shown.
    enum View {
        /// The rows that its policies let it see.
        case rows
        /// The header alone.
        case header
        /// The rows but for a holdout.
        case withHoldout(HoldoutCheck)
        /// The rows of one of so many blocks of units in each jail.
        case blocks(Int64)
    }

    private let site: Site
    private let entry: JobEntry
    private let data: PlanData
    private let door: KeyDoor
    private let shown: View
    /// Done when the broker has granted the keys and no row was read yet.
    private let pay: () throws(GloveboxError) -> Void
    /// Opened before the thread takes on the jail's identity, which may not open it.
    private let archive: Descriptor
    /// The dataset's rows, for recomputing what the job claims.
    private(set) var table: DatasetTable?
    /// The rows of each of the plan's datasets.
    private var tables: [DatasetTable] = []
    /// What the job saw of them and what it did not; nil when it sees all.
    private(set) var holdout: Holdout?
    /// How many jails were filled.
    private(set) var filled = 0
    /// Which rows each jail is shown; nil when all of them are shown to one.
    private var blocks: UnitBlocks?
    /// The key of unit tags.
    private(set) var lineageKey: [UInt8]?
    /// Names what the job was shown of each dataset, under the key of unit tags: a plain digest of data never leaves.
    private(set) var views: [String: GloveboxCore.Digest] = [:]

    /// Prepares to fill; the keys are asked for with the first jail.
    init(
        site: Site,
        entry: JobEntry,
        data: PlanData,
        door: KeyDoor,
        shown: View,
        pay: @escaping () throws(GloveboxError) -> Void = { () throws(GloveboxError) in }
    ) throws(GloveboxError) {
        self.door = door
        self.shown = shown
        self.pay = pay
        self.site = site
        self.entry = entry
        self.data = data
        archive = try site.blobs.open(entry.manifest.core.code.nar)
    }

    /// Copies code and data into a jail's own directories; the code's digest as copied.
    ///
    /// The data is opened once; a later jail is filled from what was opened.
    /// - Throws: `plan.digest-mismatch` when the copied code is not the approved code.
    func fill(
        _ directories: [Descriptor],
        _ identity: FileIdentity,
        block: Int = 0
    ) throws(GloveboxError) -> GloveboxCore.Digest {
        guard directories.count == 1 + data.datasets.count else {
            throw GloveboxError("internal", "the jail has not one staged directory for the code and for each dataset")
        }
        let approved = entry.manifest.core.code.nar
        guard lseek(archive.raw, 0, SEEK_SET) == 0 else {
            throw GloveboxError("internal", "the archive cannot be read")
        }
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
        if tables.isEmpty { try openData() }
        for (place, (dataset, table)) in zip(data.datasets, tables).enumerated() {
            let rows = try projection(of: dataset, table, block: block)
            try identity.perform { () throws(GloveboxError) in
                do throws(SyscallError) {
                    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                    let directory = directories[1 + place]
                    let file = try Descriptor.open("\(dataset.name).csv", flags, mode: 0o444, in: directory)
                    for piece in rows.pieces() { try file.write(piece) }
                } catch { throw error.coded("jail.staging") }
            }
        }
        filled += 1
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

    /// What a jail is shown of a dataset: a block, or, without one, all that the job may see.
    private func projection(
        of dataset: RegisteredDataset,
        _ table: DatasetTable,
        block: Int?
    ) throws(GloveboxError) -> Projection {
        var showsRows = true
        if case .header = shown { showsRows = false }
        var (rows, seed) = (holdout?.shown, try permutationSeed())
        if let block, let blocks { (rows, seed) = (blocks.rows[block], blocks.orderSeed(of: block)) }
        return try Projection(
            table,
            inputPolicy: dataset.inputPolicy,
            permutationSeed: seed,
            showsRows: showsRows,
            only: rows
        )
    }

    /// Decrypts the data; the keys leave the broker only after the log says so, and nothing is read before it is paid for.
    private func openData() throws(GloveboxError) {
        let keys = try door.open()
        try pay()
        var tables: [DatasetTable] = []
        for (dataset, keys) in zip(data.datasets, keys) {
            let sealed = try StateFile.read(site.layout.datasets + "/" + dataset.file, limit: 8 << 30)
            let bytes = try SealedChunks.open(sealed, key: keys.data, label: dataset.file)
            tables.append(try DatasetTable(stored: bytes, description: dataset.description))
        }
        let table = try data.table(of: tables)
        lineageKey = try Lineage.tagKey(at: site)
        switch shown {
        case .rows, .header: break
        case .withHoldout(let check):
            holdout = try Holdout(
                check,
                of: table,
                inputPolicy: data.inputPolicy,
                seed: Machine.sha256(Machine.random(32))
            )
        case .blocks(let count):
            blocks = try UnitBlocks(of: table, inputPolicy: data.inputPolicy, count: count, seed: permutationSeed())
        }
        for (dataset, table) in zip(data.datasets, tables) {
            try checkLimits(projection(of: dataset, table, block: nil), of: dataset)
        }
        self.table = table
        self.tables = tables
    }

    /// What decides the order in which the job sees the rows, and their blocks: drawn for each run, or, when the run is to be
    /// repeatable, taken from the plan's seed and a key of the dataset that no one outside has.
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

extension Staging.View {
    /// What a job under a policy is shown.
    init(_ policy: OutputPolicy) {
        switch policy.tier {
        case .computed where !policy.isOfRounds:
            // A query's answer owes the job nothing.
            self = policy.privacy.blocks.map { .blocks($0.count) } ?? .header
        case .computed, .opaque, .recomputed, .verbatim:
            self = policy.checks.holdout.map { .withHoldout($0) } ?? .rows
        }
    }
}
