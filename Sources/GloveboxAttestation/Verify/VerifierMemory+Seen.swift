internal import GloveboxCore

extension VerifierMemory {
    /// A report that verified.
    package struct Seen: Sendable, Equatable, Wire {
        /// The log that has it.
        let origin: String
        /// Its job and run.
        let job: String
        let run: UInt64
        /// The report's id.
        let report: Digest
        /// The id of the site's report before it; nil where an earlier version noted the report.
        let previous: Digest?
        /// SHA-256 of its nonce.
        let nonce: Digest
        /// Where and when the log took it.
        let index: UInt64
        let logged: Instant
        /// Who vouched for it, with which security version, under which trust policy.
        let attester: String
        let svn: UInt64
        let trustVersion: UInt64
        /// The TPM that vouched for it; nil when none did.
        let tpm: SeenTPM?

        init(_ report: Report, id: Digest, logged: LoggedAt, trustVersion: UInt64) {
            origin = report.log.origin
            job = report.jobID
            run = report.run
            self.report = id
            previous = report.previousReport
            nonce = Hashing.sha256(report.nonce)
            index = logged.index
            self.logged = Instant(seconds: logged.time.seconds)
            attester = report.attester.identity
            svn = report.attester.svn
            self.trustVersion = trustVersion
            tpm = report.quote.flatMap(SeenTPM.init)
        }

        var json: JSONValue {
            .members([
                ("origin", .string(origin)), ("job", .string(job)), ("run", .decimal(run)), ("report", report.json),
                ("previous", previous?.json), ("nonce", nonce.json), ("index", .decimal(index)),
                ("logged", .string(logged.text)), ("attester", .string(attester)), ("svn", .decimal(svn)),
                ("trust", .decimal(trustVersion)), ("tpm", tpm?.json),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            origin = try fields.string("origin")
            job = try fields.string("job")
            run = try fields.decimal("run")
            report = try fields.digest("report")
            previous = try fields.optionalDigest("previous")
            nonce = try fields.digest("nonce")
            index = try fields.decimal("index")
            logged = try fields.time("logged")
            attester = try fields.string("attester")
            svn = try fields.decimal("svn")
            trustVersion = try fields.decimal("trust")
            tpm = try fields.optionalObject("tpm")
        }
    }

    /// A TPM as a report showed it.
    struct SeenTPM: Sendable, Equatable, Wire {
        /// SHA-256 of its attestation key.
        let key: Digest
        /// Its clock and counters.
        let clock: TPMClock

        /// Takes them from a quote; nil when it cannot be read, which other checks tell.
        init?(_ quote: Quote) {
            do throws(GloveboxError) { clock = try QuoteMessage(parsing: quote.message).clock } catch { return nil }
            key = Hashing.sha256(quote.attestationKey)
        }

        var json: JSONValue { ["key": key.json, "clock": clock.json] }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            key = try fields.digest("key")
            clock = try fields.object("clock")
        }
    }
}
