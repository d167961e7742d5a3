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

    /// A dataset, and how large the file is that a job is shown of it.
    private struct Opened {
        let dataset: RegisteredDataset
        let rows: any RowSource
        var size = RowView.Size()
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
    /// The data, for recomputing what the job claims; nil before it is open.
    private(set) var rows: PlanRows?
    /// Each of the plan's datasets, once it is open.
    private var opened: [Opened] = []
    /// What the job saw of them and what it did not; nil when it sees all.
    private(set) var holdout: Holdout?
    /// What decided that; nil when it sees all.
    private(set) var holdoutSeed: GloveboxCore.Digest?
    /// How many jails were filled.
    private(set) var filled = 0
    /// Which rows each jail is shown; nil when all of them are shown to one.
    private var blocks: UnitBlocks?
    /// The key of unit tags; nil before the data is open.
    private var lineageKey: [UInt8]?
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
        if opened.isEmpty { try openData() }
        for (place, opened) in opened.enumerated() {
            try identity.perform { () throws(GloveboxError) in
                let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                let file: Descriptor
                do throws(SyscallError) {
                    file = try Descriptor.open(
                        "\(opened.dataset.name).csv",
                        flags,
                        mode: 0o444,
                        in: directories[1 + place]
                    )
                } catch { throw error.coded("jail.staging") }
                try show(opened, block: block) { (piece) throws(GloveboxError) in
                    do throws(SyscallError) { try file.write(piece) } catch { throw error.coded("jail.staging") }
                }
            }
        }
        filled += 1
        return measured.narSha256
    }

    /// Names the view and keeps it within the input policy's limits, before a byte of it is shown.
    private func checkLimits(_ opened: inout Opened) throws(GloveboxError) {
        var hash = SHA256()
        let dataset = opened.dataset
        if let part = try part(of: opened, block: nil) {
            var bytes = 0
            for piece in part.ordered.pieces() {
                hash.update(data: piece)
                bytes += piece.count
            }
            opened.size = RowView.Size(rows: part.rowCount, bytes: bytes)
        } else {
            opened.size = try view(of: opened).ordered { hash.update(data: $0) }
        }
        let (rows, bytes) = (opened.size.rows, opened.size.bytes)
        if let limits = dataset.inputPolicy.limits, rows > limits.maxRows || bytes > limits.maxBytes {
            throw GloveboxError(
                "input-policy.limits",
                "the job would see \(rows) rows in \(bytes) bytes, more than the input policy allows",
                hint: "Narrow row_filter or columns, or publish a policy with greater limits."
            )
        }
        guard let lineageKey else { throw GloveboxError("internal", "the view has no key") }
        let message = Array("glovebox/view/v1\n".utf8) + hash.finalize()
        let code = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: lineageKey))
        views[dataset.name] = GloveboxCore.Digest(bytes: Array(code))
    }

    /// Hands over the file that a jail is shown of a dataset.
    private func show(
        _ opened: Opened,
        block: Int,
        _ take: ([UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        if let part = try part(of: opened, block: block) {
            for piece in part.pieces() { try take(piece) }
        } else {
            try view(of: opened).shuffled(seed: permutationSeed(), size: opened.size, take)
        }
    }

    /// All that a job may see of a dataset.
    private func view(of opened: Opened) throws(GloveboxError) -> RowView {
        var showsRows = true
        if case .header = shown { showsRows = false }
        return try RowView(opened.rows, inputPolicy: opened.dataset.inputPolicy, showsRows: showsRows)
    }

    /// What a job is shown of a dataset of which it is not shown all: a block, or the rows of no holdout.
    private func part(of opened: Opened, block: Int?) throws(GloveboxError) -> Projection? {
        var (rows, seed) = (holdout?.shown, try permutationSeed())
        if let block, let blocks { (rows, seed) = (blocks.rows[block], blocks.orderSeed(of: block)) }
        guard holdout != nil || blocks != nil else { return nil }
        return try Projection(
            opened.rows.table(),
            inputPolicy: opened.dataset.inputPolicy,
            permutationSeed: seed,
            only: rows
        )
    }

    /// Opens the data; the keys leave the broker only after the log says so, and nothing is read before it is paid for.
    private func openData() throws(GloveboxError) {
        let keys = try door.open()
        try pay()
        let rows = try PlanRows(data, keys: keys, under: entry.rules.output, at: site)
        lineageKey = rows.lineageKey
        switch shown {
        case .rows, .header: break
        case .withHoldout(let check):
            let seed = Machine.sha256(Machine.random(32))
            holdout = try Holdout(check, of: rows.joined.table(), inputPolicy: data.inputPolicy, seed: seed)
            holdoutSeed = seed
        case .blocks(let count):
            blocks = try UnitBlocks(
                of: rows.joined.table(),
                inputPolicy: data.inputPolicy,
                count: count,
                seed: permutationSeed()
            )
        }
        var opened = zip(data.datasets, rows.sources).map { Opened(dataset: $0, rows: $1) }
        for index in opened.indices { try checkLimits(&opened[index]) }
        self.rows = rows
        self.opened = opened
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
