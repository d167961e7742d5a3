internal import Foundation
internal import GRDB
package import GloveboxCore
package import GloveboxJobs

extension IndexStore {
    /// What a start needs to know before it reads the journal.
    package struct Beginning: Sendable {
        /// How far the index is; nil when it is empty.
        package let mark: IndexMark?
        /// The events to read, in order: those of the site and those of open jobs.
        package let events: [UInt64]
        /// The last events of the site, by what they are about.
        package let latest: [String: UInt64]
        /// The open jobs' numbers.
        package let open: [String: UInt64]
        /// How many jobs were ever submitted.
        package let jobs: UInt64
        /// How many jobs ended how.
        package let ended: [JobPhase: Int]
        /// Thousandths of a bit that the releases of ended jobs were charged with, by project.
        package let charged: [String: Int64]
        /// What ended jobs used, by project.
        package let usage: [String: ProjectUsage]
    }

    /// Where a start begins.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func beginning(at now: Instant) throws(GloveboxError) -> Beginning {
        try read { db in
            let mark = try Row.fetchOne(db, sql: "SELECT size, last FROM mark").map(Self.mark)
            let latest = try Row.fetchAll(db, sql: "SELECT about, event FROM latest")
            let open = try Row.fetchAll(db, sql: "SELECT id, number FROM job WHERE phase IS NULL")
            let ended = try Row.fetchAll(db, sql: "SELECT phase, count(*) FROM job WHERE phase NOT NULL GROUP BY phase")
            let charged = try Row.fetchAll(
                db,
                sql: "SELECT project, sum(millibits) FROM job WHERE millibits > 0 GROUP BY project"
            )
            let events = try Int64.fetchAll(
                db,
                sql: "SELECT event FROM lasting UNION SELECT event FROM job_event ORDER BY event"
            )
            return Beginning(
                mark: mark,
                events: events.map { UInt64(clamping: $0) },
                latest: Dictionary(uniqueKeysWithValues: latest.map { ($0[0], UInt64(clamping: $0[1] as Int64)) }),
                open: Dictionary(uniqueKeysWithValues: open.map { ($0[0], UInt64(clamping: $0[1] as Int64)) }),
                jobs: UInt64(clamping: try Int64.fetchOne(db, sql: "SELECT max(number) + 1 FROM job") ?? 0),
                ended: Dictionary(uniqueKeysWithValues: try ended.map { (try Self.phase($0[0]), $0[1]) }),
                charged: Dictionary(uniqueKeysWithValues: charged.map { ($0[0], $0[1]) }),
                usage: try Self.usage(db, now)
            )
        }
    }

    private static func usage(_ db: Database, _ now: Instant) throws -> [String: ProjectUsage] {
        var hours: [String: [Int64: Int64]] = [:]
        let recent = try Row.fetchAll(
            db,
            sql: "SELECT project, started, cpu FROM job WHERE started > ?",
            arguments: [now.adding(seconds: -25 * 3600).milliseconds]
        )
        for row in recent {
            let hour = ProjectUsage.hour(of: Instant(milliseconds: row[1]))
            hours[row[0], default: [:]][hour, default: 0] += row[2] as Int64
        }
        let sums = try Row.fetchAll(
            db,
            sql: "SELECT project, count(started), sum(released) FROM job WHERE started NOT NULL GROUP BY project"
        )
        return Dictionary(
            uniqueKeysWithValues: sums.map { row in
                let project: String = row[0]
                return (project, ProjectUsage(runs: row[1], releasedBytes: row[2], hours: hours[project] ?? [:]))
            }
        )
    }

    /// A job that has ended; nil for one that is open or not known.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func job(_ id: String) throws(GloveboxError) -> EndedJob? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM job WHERE id = ? AND phase NOT NULL", arguments: [id]).map {
                try Self.job($0, db)
            }
        }
    }

    /// What lists show of a job that has ended, and from when on everyone is shown how it did; nil when that has to be told
    /// from its story.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func card(_ id: String) throws(GloveboxError) -> (bytes: [UInt8], revealed: Instant)? {
        try read { db in
            let sql = "SELECT card, revealed FROM job WHERE id = ? AND phase NOT NULL AND length(card) > 0"
            return try Row.fetchOne(db, sql: sql, arguments: [id]).map { row in
                ([UInt8](row[0] as Data), Instant(milliseconds: row[1]))
            }
        }
    }

    /// The newest ended job with this plan; nil when there is none.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func job(withPlan plan: Digest) throws(GloveboxError) -> String? {
        try read { db in
            try String.fetchOne(
                db,
                sql: "SELECT id FROM job WHERE plan = ? ORDER BY number DESC LIMIT 1",
                arguments: [plan.blob]
            )
        }
    }

    /// How many ended jobs of a project under a policy were submitted after a moment.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func count(project: String, policy: String, after: Instant) throws(GloveboxError) -> Int {
        try read { db in
            try Int.fetchOne(
                db,
                sql: "SELECT count(*) FROM job WHERE project = ? AND policy = ? AND created > ?",
                arguments: [project, policy, after.milliseconds]
            ) ?? 0
        }
    }

    /// Whether an ended job named a code tree.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func uses(code: Digest) throws(GloveboxError) -> Bool {
        try read { db in
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM job WHERE code = ?)", arguments: [code.blob])
                ?? true
        }
    }

    /// Whether an ended job named an image.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func uses(image: Digest) throws(GloveboxError) -> Bool {
        try read { db in
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM job WHERE image = ?)", arguments: [image.blob])
                ?? true
        }
    }

    /// Jobs that everyone was shown the end of before a moment, and whose results may be there, first those of longest ago.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func kept(endedBefore moment: Instant, limit: Int) throws(GloveboxError) -> [String] {
        try read { db in
            try String.fetchAll(
                db,
                sql: "SELECT id FROM job WHERE kept = 1 AND revealed < ? ORDER BY revealed LIMIT ?",
                arguments: [moment.milliseconds, limit]
            )
        }
    }

    /// The event that registered a code tree; nil when none did.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func code(_ nar: Digest) throws(GloveboxError) -> UInt64? {
        try read { db in
            try Int64.fetchOne(db, sql: "SELECT event FROM code WHERE nar = ?", arguments: [nar.blob])
                .map { UInt64(clamping: $0) }
        }
    }

    /// The job that a request made, and the digest of its body; nil when none did.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func request(_ name: String) throws(GloveboxError) -> (body: Digest, job: String)? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT body, job FROM request WHERE name = ?", arguments: [name]).map {
                (try Self.digest($0[0]), $0[1])
            }
        }
    }

    /// Numbers and ids of ended jobs that may fit, newest first, those before a number.
    ///
    /// - Throws: `index.damaged`, `index.failed`.
    package func jobs(
        _ filter: JobFilter,
        before number: UInt64,
        limit: Int
    ) throws(GloveboxError) -> [(number: UInt64, id: String)] {
        let (conditions, arguments) = Self.conditions(filter)
        let sql =
            "SELECT number, id FROM job WHERE number < ? AND phase NOT NULL" + conditions.map { " AND " + $0 }.joined()
            + " ORDER BY number DESC LIMIT ?"
        return try read { db in
            let all = [Int64(clamping: number)] + arguments + [Int64(limit)] as [any DatabaseValueConvertible]
            return try Row.fetchAll(db, sql: sql, arguments: StatementArguments(all)).map {
                (UInt64(clamping: $0[0] as Int64), $0[1])
            }
        }
    }

    private static func conditions(_ filter: JobFilter) -> ([String], [any DatabaseValueConvertible]) {
        var conditions: [String] = []
        var arguments: [any DatabaseValueConvertible] = []
        func add(_ condition: String, _ values: [any DatabaseValueConvertible]) {
            conditions.append(condition)
            arguments += values
        }
        if let submitter = filter.submitter {
            let marks = Array(repeating: "?", count: filter.shared.count).joined(separator: ", ")
            add("(submitter = ? OR project IN (\(marks)))", [submitter] + filter.shared.sorted())
        }
        if let project = filter.project { add("project = ?", [project]) }
        if let phases = filter.phases?.map(\.rawValue).sorted() {
            let marks = Array(repeating: "?", count: phases.count).joined(separator: ", ")
            add("(phase IN (\(marks)) OR revealed > ?)", phases + [filter.now.milliseconds])
        }
        if let since = filter.revealedSince { add("revealed >= ?", [since.milliseconds]) }
        if let prefix = filter.namePrefix?.blob {
            add("name NOT NULL AND name >= ? AND substr(name, 1, ?) = ?", [prefix, prefix.count, prefix])
        }
        for tag in filter.tags {
            if tag.value.isEmpty {
                add("number IN (SELECT job FROM tag WHERE key = ?)", [tag.key.blob])
            } else {
                add("number IN (SELECT job FROM tag WHERE key = ? AND value = ?)", [tag.key.blob, tag.value.blob])
            }
        }
        return (conditions, arguments)
    }

    private static func job(_ row: Row, _ db: Database) throws -> EndedJob {
        let number: Int64 = row["number"]
        guard let events = [UInt64](row["events"] as Data) else { throw damaged("a job's events are cut off") }
        let tags = try Row.fetchAll(db, sql: "SELECT key, value FROM tag WHERE job = ?", arguments: [number])
        let name: Data? = row["name"]
        return EndedJob(
            number: UInt64(clamping: number),
            id: row["id"],
            plan: try digest(row["plan"]),
            submitter: row["submitter"],
            project: row["project"],
            policy: row["policy"],
            name: name.map { String(decoding: $0, as: UTF8.self) },
            tags: Set(
                tags.map {
                    EndedJob.Tag(
                        key: String(decoding: $0[0] as Data, as: UTF8.self),
                        value: String(decoding: $0[1] as Data, as: UTF8.self)
                    )
                }
            ),
            created: Instant(milliseconds: row["created"]),
            phase: try phase(row["phase"]),
            revealed: Instant(milliseconds: row["revealed"]),
            millibits: row["millibits"],
            code: try digest(row["code"]),
            image: try digest(row["image"]),
            started: (row["started"] as Int64?).map(Instant.init(milliseconds:)),
            cpuSeconds: row["cpu"],
            releasedBytes: row["released"],
            events: events,
            card: (row["card"] as Data?).map { [UInt8]($0) } ?? []
        )
    }

    private static func mark(_ row: Row) throws -> IndexMark {
        IndexMark(size: UInt64(clamping: row[0] as Int64), last: try digest(row[1]))
    }

    private static func phase(_ text: String) throws -> JobPhase {
        guard let phase = JobPhase(rawValue: text) else { throw damaged("a job has the phase \(Display.escape(text))") }
        return phase
    }

    private static func digest(_ bytes: Data) throws -> Digest {
        guard let digest = Digest(bytes: Array(bytes)) else { throw damaged("a digest has \(bytes.count) bytes") }
        return digest
    }
}
