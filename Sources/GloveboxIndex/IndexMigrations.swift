internal import GRDB

/// The steps from an empty index to today's, in order; none is ever changed or taken back.
enum IndexMigrations {
    /// A step under its number.
    struct Step: Sendable {
        let number: Int
        let change: @Sendable (Database) throws -> Void
    }

    static let all = [Step(number: 1, change: first), Step(number: 2, change: second), Step(number: 3, change: third)]

    /// What a start reads (`lasting`, `latest`, `job_event`), and what has ended (`job`, `tag`).
    ///
    /// A row of `job` whose phase is null is a job that is open.
    private static func first(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE mark (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, last BLOB NOT NULL);
                CREATE TABLE lasting (event INTEGER PRIMARY KEY);
                CREATE TABLE latest (about TEXT PRIMARY KEY, event INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE code (nar BLOB PRIMARY KEY, event INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE request (name TEXT PRIMARY KEY, body BLOB NOT NULL, job TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE job (
                    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, plan BLOB, submitter TEXT, project TEXT,
                    policy TEXT, name BLOB, created INTEGER, phase TEXT, revealed INTEGER, millibits INTEGER, events BLOB
                );
                CREATE INDEX job_plan ON job (plan);
                CREATE INDEX job_submitter ON job (submitter, number);
                CREATE INDEX job_project ON job (project, policy, created);
                CREATE INDEX job_phase ON job (phase, number);
                CREATE INDEX job_name ON job (name) WHERE name IS NOT NULL;
                CREATE INDEX job_revealed ON job (revealed);
                CREATE TABLE job_event (event INTEGER PRIMARY KEY, job INTEGER NOT NULL REFERENCES job (number));
                CREATE INDEX job_event_job ON job_event (job);
                CREATE TABLE tag (
                    key BLOB NOT NULL, value BLOB NOT NULL, job INTEGER NOT NULL REFERENCES job (number),
                    PRIMARY KEY (key, value, job)
                ) WITHOUT ROWID;
                """
        )
    }

    /// What projects used and jobs name, and whose results are gone; the index is emptied, so that the next start reads it from the journal.
    private static func second(_ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM tag; DELETE FROM job_event; DELETE FROM job; DELETE FROM request; DELETE FROM code;
                DELETE FROM latest; DELETE FROM lasting; DELETE FROM mark;
                ALTER TABLE job ADD COLUMN started INTEGER;
                ALTER TABLE job ADD COLUMN cpu INTEGER;
                ALTER TABLE job ADD COLUMN released INTEGER;
                ALTER TABLE job ADD COLUMN code BLOB;
                ALTER TABLE job ADD COLUMN image BLOB;
                ALTER TABLE job ADD COLUMN kept INTEGER NOT NULL DEFAULT 1;
                CREATE INDEX job_started ON job (started) WHERE started NOT NULL;
                CREATE INDEX job_code ON job (code);
                CREATE INDEX job_image ON job (image);
                CREATE INDEX job_kept ON job (revealed) WHERE kept = 1;
                """
        )
    }

    /// What lists show of a job, for those that end from now on; of older ones their story tells it, until the index is made anew.
    private static func third(_ db: Database) throws {
        try db.execute(sql: "ALTER TABLE job ADD COLUMN card BLOB")
    }
}
