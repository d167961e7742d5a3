internal import Foundation
internal import GRDB
package import GloveboxCore
internal import GloveboxJobs

extension IndexStore {
    /// Takes a stretch of the journal in; the mark says where it ends.
    ///
    /// - Throws: `index.damaged`, `index.failed`, `storage.full`; nothing of the batch is there then.
    package func write(_ batch: IndexBatch, upTo mark: IndexMark) throws(GloveboxError) {
        try change { db in
            for event in batch.lasting {
                try db.execute(sql: "INSERT INTO lasting VALUES (?)", arguments: [Int64(event)])
            }
            for (about, event) in batch.latest {
                try db.execute(sql: "INSERT OR REPLACE INTO latest VALUES (?, ?)", arguments: [about, Int64(event)])
            }
            for code in batch.codes {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO code VALUES (?, ?)",
                    arguments: [code.nar.blob, Int64(code.index)]
                )
            }
            for request in batch.requests {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO request VALUES (?, ?, ?)",
                    arguments: [request.name, request.body.blob, request.job]
                )
            }
            for job in batch.begun {
                try db.execute(
                    sql: "INSERT INTO job (number, id) VALUES (?, ?)",
                    arguments: [Int64(job.number), job.id]
                )
            }
            let ended = Set(batch.ended.map(\.number))
            for event in batch.events where !ended.contains(event.job) {
                try db.execute(
                    sql: "INSERT INTO job_event VALUES (?, ?)",
                    arguments: [Int64(event.index), Int64(event.job)]
                )
            }
            for job in batch.ended { try Self.end(job, db) }
            try db.execute(
                sql: "INSERT OR REPLACE INTO mark VALUES (1, ?, ?)",
                arguments: [Int64(mark.size), mark.last.blob]
            )
        }
    }

    /// Notes that a job's results are gone; only so that they are not looked for each time.
    ///
    /// - Throws: `index.damaged`, `index.failed`, `storage.full`.
    package func noteGone(_ job: String) throws(GloveboxError) {
        try change { db in try db.execute(sql: "UPDATE job SET kept = 0 WHERE id = ?", arguments: [job]) }
    }

    private static func end(_ job: EndedJob, _ db: Database) throws {
        let number = Int64(job.number)
        try db.execute(
            sql: """
                UPDATE job SET plan = ?, submitter = ?, project = ?, policy = ?, name = ?, created = ?, phase = ?,
                    revealed = ?, millibits = ?, started = ?, cpu = ?, released = ?, code = ?, image = ?,
                    events = ?, card = ? WHERE number = ?
                """,
            arguments: [
                job.plan.blob, job.submitter, job.project, job.policy, job.name?.blob, job.created.milliseconds,
                job.phase.rawValue, job.revealed.milliseconds, job.millibits, job.started?.milliseconds,
                job.cpuSeconds, job.releasedBytes, job.code.blob, job.image.blob, job.events.blob,
                Data(job.card), number,
            ]
        )
        for tag in job.tags {
            try db.execute(
                sql: "INSERT OR REPLACE INTO tag VALUES (?, ?, ?)",
                arguments: [tag.key.blob, tag.value.blob, number]
            )
        }
        try db.execute(sql: "DELETE FROM job_event WHERE job = ?", arguments: [number])
    }
}
