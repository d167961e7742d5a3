internal import Glibc
internal import GloveboxAPI
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxImages
internal import GloveboxIndex
internal import GloveboxJobs
internal import GloveboxLinux
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

/// How long a site keeps what nothing rests on.
///
/// Source: job-backend section 9.
struct RetentionSettings: Sendable {
    /// Days for which an uploaded code tree waits for its plan.
    var uploadDays: Int64 = 7
    /// Days for which an image without a name waits for its plan.
    var imageDays: Int64 = 30
    /// Days after its end for which what a job on private data wrote is kept for the data's owners.
    var textDays: Int64 = 30
    /// Days after its end for which a job's evidence and results are kept; nil for ever, since destroying them takes a written
    /// policy.
    var resultDays: Int64?
}

/// Removes what a site keeps no longer: one thing at a time, each on record before it goes, where anything was known of it.
///
/// Killed at any point it leaves a site as whole as before, and the next collection goes on. What an open job, a plan, a
/// proof or a review may need is never a candidate: code and images that any job ever named stay.
struct Collector {
    /// Things that one collection removes at most.
    private static let most = 1000
    /// Milliseconds after which it looks for no more.
    private static let patience: UInt64 = 60_000
    private static let day: Int64 = 86400

    let site: Site
    let now: Instant
    let isDry: Bool
    private var items: [CollectedItem] = []
    private var hasMore = false
    private let end = SystemClock.monotonicMilliseconds + Self.patience

    init(site: Site, isDry: Bool, at now: Instant = Machine.now()) {
        (self.site, self.isDry, self.now) = (site, isDry, now)
    }

    /// Goes through everything once.
    ///
    /// - Throws: `storage.*`, `image.*`, `index.*`, `log.*`; what was removed before is removed.
    mutating func collect() throws(GloveboxError) -> CollectionReport {
        // What nothing seems to need may be what the lost part of the past rests on.
        if let lost = site.read({ state in state.lost.refusal }) { throw lost }
        try collectUploads()
        try collectImages()
        try collectResults()
        try collectTexts()
        try collectSealed()
        try collectLeftovers()
        return CollectionReport(items, hasMore: hasMore)
    }

    /// Whether it is to go on with the next thing.
    private mutating func goesOn() -> Bool {
        if items.count >= Self.most || SystemClock.monotonicMilliseconds >= end { hasMore = true }
        return !hasMore
    }

    /// Takes a thing away, unless it is only to be named.
    private mutating func take(
        _ kind: CollectedItem.Kind,
        _ name: String,
        bytes: Int64,
        _ remove: () throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        guard goesOn() else { return }
        if !isDry { try remove() }
        items.append(CollectedItem(kind, name, bytes: UInt64(clamping: bytes)))
    }

    private mutating func collectUploads() throws(GloveboxError) {
        let keeps = now.adding(seconds: -site.settings.retention.uploadDays * Self.day)
        for name in try Self.names(in: site.layout.blobs) {
            guard goesOn() else { return }
            guard let digest = Digest(hex: name) else { continue }
            try site.collecting.withLock { _ throws(GloveboxError) in
                guard let file = try Self.status(site.layout.blobs + "/" + name), file.time < keeps,
                    try !site.isUsed(code: digest), try site.code(digest) != nil
                else { return }
                let site = site
                try take(.upload, digest.named, bytes: file.bytes) { () throws(GloveboxError) in
                    try site.record(Self.removal(.codeRemoved, digest, file.time))
                    try site.blobs.remove(digest)
                }
            }
        }
    }

    private mutating func collectImages() throws(GloveboxError) {
        let keeps = now.adding(seconds: -site.settings.retention.imageDays * Self.day)
        for image in try site.images.list() where image.name == nil {
            try site.collecting.withLock { _ throws(GloveboxError) in
                // Without its file it is what a crash left of a removal.
                let file = try Self.status(image.path)
                guard file.map({ $0.time < keeps }) ?? true, try !site.isUsed(image: image.digest),
                    try site.images.resolve(image.digest.named).name == nil
                else { return }
                let site = site
                try take(.image, image.digest.named, bytes: file?.bytes ?? 0) { () throws(GloveboxError) in
                    if let file { try site.record(Self.removal(.imageRemoved, image.digest, file.time)) }
                    try site.images.remove(image)
                }
            }
        }
    }

    private mutating func collectResults() throws(GloveboxError) {
        guard let days = site.settings.retention.resultDays else { return }
        site.writeIndex()
        for id in try site.index.kept(endedBefore: now.adding(seconds: -days * Self.day), limit: Self.most) {
            guard goesOn() else { return }
            guard let entry = try site.entry(id), entry.job.cleanup == .done else { continue }
            let blobs = [entry.evidence, entry.taskLog].compactMap { $0 }.filter(site.blobs.has)
            guard !blobs.isEmpty else {
                if !isDry { try site.index.noteGone(id) }
                continue
            }
            var bytes: Int64 = 0
            for blob in blobs { bytes += try Self.status(site.layout.blobs + "/" + blob.hex)?.bytes ?? 0 }
            let site = site
            try take(.result, id, bytes: bytes) { () throws(GloveboxError) in
                try site.record(Self.destruction("results", of: entry), ["evidence": entry.evidence?.json ?? .null])
                for blob in blobs { try site.blobs.remove(blob) }
                try site.index.noteGone(id)
            }
        }
    }

    /// That something of an ended job goes; one event, however often a crash has it tried again.
    private static func destruction(_ what: String, of entry: JobEntry) -> Event {
        Event(
            kind: .outputDestroyed,
            job: entry.job.id,
            project: entry.manifest.project,
            output: Site.output(of: entry.job.id),
            idempotencyKey: "\(what) destroyed \(entry.job.id)"
        )
    }

    /// Words of runs that ended long enough ago, and those that a crash left without a name.
    private mutating func collectTexts() throws(GloveboxError) {
        let keeps = now.adding(seconds: -site.settings.retention.textDays * Self.day)
        for name in try Self.names(in: site.layout.texts) {
            guard goesOn() else { return }
            let id = String(name.prefix { $0 != "." })
            guard Identifier.isValid(id, prefix: "job"), let entry = try site.entry(id), entry.job.cleanup == .done,
                entry.text == nil || entry.job.transitions.last.map({ $0.at < keeps }) ?? true
            else { continue }
            let site = site
            let bytes = try Self.status(site.layout.texts + "/" + name)?.bytes ?? 0
            try take(.text, id, bytes: bytes) { () throws(GloveboxError) in
                try site.record(Self.destruction("text", of: entry))
                try site.texts.destroy(id)
            }
        }
    }

    /// A job's end destroys what it sealed; what a crash left of that goes here.
    private mutating func collectSealed() throws(GloveboxError) {
        for name in try Self.names(in: site.layout.sealed) {
            let job = String(name.prefix { $0 != "." })
            guard Identifier.isValid(job, prefix: "job"), let entry = try site.entry(job), entry.job.cleanup == .done
            else { continue }
            let site = site
            let bytes = try Self.status(site.layout.sealed + "/" + name)?.bytes ?? 0
            try take(.sealed, name, bytes: bytes) { () throws(GloveboxError) in
                try site.record(Event(kind: .outputDestroyed, job: job, output: Site.output(of: job)))
                try site.pending.destroy(job)
                try site.frozen.destroy(job)
            }
        }
    }

    private mutating func collectLeftovers() throws(GloveboxError) {
        let day = now.adding(seconds: -Self.day)
        let month = now.adding(seconds: -30 * Self.day)
        for (directory, isOurs, keeps) in [
            (site.layout.blobs, { (name: String) in name.hasSuffix(".new") }, day),
            (site.layout.root, { (name: String) in name.hasPrefix("index.sqlite.before-") }, month),
        ] {
            for name in try Self.names(in: directory) where isOurs(name) {
                let path = directory + "/" + name
                guard let file = try Self.status(path), file.time < keeps else { continue }
                try take(.leftover, name, bytes: file.bytes) { () throws(GloveboxError) in
                    try StateFile.remove(path)
                }
            }
        }
    }

    /// One leaf for all tries at one file.
    private static func removal(_ kind: EventKind, _ digest: Digest, _ since: Instant) -> Event {
        Event(
            kind: kind,
            entity: digest.named,
            fields: [("digest", .string(digest.hex))],
            idempotencyKey: "\(kind.rawValue) \(digest.hex) \(since)"
        )
    }

    private static func names(in directory: String) throws(GloveboxError) -> [String] {
        guard StateFile.exists(directory) else { return [] }
        do {
            return try Descriptor.open(directory, O_RDONLY | O_DIRECTORY).names()
                .map { String(decoding: $0, as: UTF8.self) }.sorted()
        } catch { throw error.coded("storage.read") }
    }

    /// When a regular file was last changed, and its length; nil when there is none.
    private static func status(_ path: String) throws(GloveboxError) -> (time: Instant, bytes: Int64)? {
        guard StateFile.exists(path) else { return nil }
        do {
            let status = try FileStatus.of(path, followingLinks: false)
            guard status.isRegular else { return nil }
            return (Instant(milliseconds: status.modified / 1_000_000), status.size)
        } catch { throw error.coded("storage.read") }
    }
}

extension Site {
    /// Removes what is kept no longer, or only says what that is.
    ///
    /// - Throws: as ``Collector/collect()``.
    func collect(isDry: Bool) throws(GloveboxError) -> CollectionReport {
        var collector = Collector(site: self, isDry: isDry)
        return try collector.collect()
    }

    /// Collects a minute after the start and each hour from then on, until the task is cancelled.
    package func collectHourly(_ report: @escaping @Sendable (GloveboxError) -> Void) async {
        let disk = Offload("collector", isSerial: true)
        var pause = Duration.seconds(60)
        while true {
            do { try await Task.sleep(for: pause) } catch { return }
            pause = .seconds(3600)
            do throws(GloveboxError) {
                _ = try await disk.run { [self] () throws(GloveboxError) in try collect(isDry: false) }
            } catch { report(error) }
        }
    }

    /// Whether any plan on record, or one that waits to be submitted, names a code tree.
    func isUsed(code nar: Digest) throws(GloveboxError) -> Bool {
        try isUsed({ $0.core.code.nar == nar }, before: { () throws(GloveboxError) in try index.uses(code: nar) })
    }

    /// Whether any plan on record, or one that waits to be submitted, names an image.
    func isUsed(image: Digest) throws(GloveboxError) -> Bool {
        try isUsed(
            { $0.core.image.digest == image },
            before: { () throws(GloveboxError) in try index.uses(image: image) }
        )
    }

    private func isUsed(
        _ names: (Manifest) -> Bool,
        before: () throws(GloveboxError) -> Bool
    ) throws(GloveboxError) -> Bool {
        try whileIndexRests { () throws(GloveboxError) in
            let isHere = read { state in
                state.jobs.values.contains { names($0.manifest) } || state.drafts.values.contains { names($0.manifest) }
            }
            if isHere { return true }
            return try before()
        }
    }
}
