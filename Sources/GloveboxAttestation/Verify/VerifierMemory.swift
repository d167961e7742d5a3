package import GloveboxCore

/// What a reader remembers of the reports that verified, by which later ones are judged: no single report can show that a site
/// went back, or that it told two stories.
///
/// Source: attestation specification, sections 4.2 and 7.2.
package struct VerifierMemory: Sendable {
    private static let profile = "glovebox-verifier-memory/1"
    private static let limit = 5_000
    // Clocks of one site may be set back by so much.
    private static let tolerance: Int64 = 300

    /// A report that verified.
    package struct Seen: Sendable, Equatable, Wire {
        /// The log that has it.
        let origin: String
        /// Its job and run.
        let job: String
        let run: UInt64
        /// The report's id.
        let report: Digest
        /// SHA-256 of its nonce.
        let nonce: Digest
        /// Where and when the log took it.
        let index: UInt64
        let logged: Instant
        /// Who vouched for it, with which security version, under which trust policy.
        let attester: String
        let svn: UInt64
        let trustVersion: UInt64

        init(_ report: Report, id: Digest, logged: LoggedAt, trustVersion: UInt64) {
            origin = report.log.origin
            job = report.jobID
            run = report.run
            self.report = id
            nonce = Hashing.sha256(report.nonce)
            index = logged.index
            self.logged = Instant(seconds: logged.time.seconds)
            attester = report.attester.identity
            svn = report.attester.svn
            self.trustVersion = trustVersion
        }

        var json: JSONValue {
            [
                "origin": .string(origin), "job": .string(job), "run": .decimal(run), "report": report.json,
                "nonce": nonce.json, "index": .decimal(index), "logged": .string(logged.text),
                "attester": .string(attester), "svn": .decimal(svn), "trust": .decimal(trustVersion),
            ]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            origin = try fields.string("origin")
            job = try fields.string("job")
            run = try fields.decimal("run")
            report = try fields.digest("report")
            nonce = try fields.digest("nonce")
            index = try fields.decimal("index")
            logged = try fields.time("logged")
            attester = try fields.string("attester")
            svn = try fields.decimal("svn")
            trustVersion = try fields.decimal("trust")
        }
    }

    private var seen: [Seen] = []

    /// Remembers nothing.
    package init() {}

    /// Reads a memory.
    ///
    /// - Throws: codes of the strict reader; `schema.…`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.read(bytes), at: "memory")
        try fields.constant("profile", Self.profile, code: "schema.version")
        seen = try fields.list("seen")
        try fields.finish()
    }

    /// The file.
    package var bytes: [UInt8] {
        CanonicalJSON.encode(["profile": .string(Self.profile), "seen": .list(seen)])
    }

    /// Remembers a report that verified; of too many the oldest is forgotten.
    package mutating func note(_ report: Seen) {
        if seen.contains(report) { return }
        seen.append(report)
        if seen.count > Self.limit { seen.removeFirst() }
    }

    /// Everything in which a report contradicts one that verified before: `report.conflict`, `report.replay`.
    ///
    /// `isAsked` says that the reader chose the nonce, for one report alone.
    func stories(_ new: Seen, isAsked: Bool) -> [GloveboxError] {
        let others = seen.filter { $0.origin.isSame(as: new.origin) && $0.report != new.report }
        var causes: [GloveboxError] = []
        if others.contains(where: { $0.job.isSame(as: new.job) && $0.run == new.run }) {
            causes.append(GloveboxError("report.conflict", "another report of this run verified before"))
        }
        if isAsked, others.contains(where: { $0.nonce == new.nonce }) {
            causes.append(GloveboxError("report.replay", "the nonce was answered before, by another report"))
        }
        return causes
    }

    /// Everything in which the log went back: `log.rollback`.
    func order(_ new: Seen) -> [GloveboxError] {
        let others = seen.filter { $0.origin.isSame(as: new.origin) }
        let wentBack = others.contains { old in
            if old.index == new.index { return old.report != new.report }
            let (early, late) = old.index < new.index ? (old, new) : (new, old)
            return late.logged.adding(seconds: Self.tolerance) < early.logged
        }
        return wentBack
            ? [GloveboxError("log.rollback", "the log has this report where it had another, or later, entry before")]
            : []
    }

    /// Everything in which the site went back: `svn.downgrade`, `trust.rollback`.
    func versions(_ new: Seen) -> [GloveboxError] {
        let before = seen.filter { $0.attester.isSame(as: new.attester) }
        var causes: [GloveboxError] = []
        if before.contains(where: { $0.trustVersion > new.trustVersion }) {
            causes.append(GloveboxError("trust.rollback", "a newer trust policy of this site was seen before"))
        }
        if before.contains(where: { $0.svn > new.svn && $0.index < new.index }) {
            causes.append(GloveboxError("svn.downgrade", "a newer supervisor made an earlier report of this site"))
        }
        return causes
    }
}
