package import GloveboxCore

extension Report {
    /// What left the jail, and what did not.
    package struct Outputs: Sendable, Wire {
        /// Released files.
        package var released: [Released]
        /// Everything else the job left behind.
        package var withheld: [Withheld]
        /// How many redactions the policy made.
        package var redactions: UInt64
        /// SHA-256 of `disclosure.json`, the record of every rule applied.
        package var disclosure: Digest?

        /// Describes the outputs.
        package init(released: [Released], withheld: [Withheld], redactions: UInt64 = 0, disclosure: Digest?) {
            self.released = released
            self.withheld = withheld
            self.redactions = redactions
            self.disclosure = disclosure
        }

        var json: JSONValue {
            .members([
                ("released", .list(released)), ("withheld", .list(withheld)), ("redactions", .decimal(redactions)),
                ("disclosure", disclosure?.json),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.released = try fields.list("released")
            self.withheld = try fields.list("withheld")
            self.redactions = try fields.decimal("redactions")
            self.disclosure = try fields.optionalDigest("disclosure")
        }
    }

    /// A released file.
    package struct Released: Sendable, Wire {
        /// `outputs/<relative path>`.
        package var name: String
        /// SHA-256 of the bytes.
        package var digest: Digest
        /// Bytes; nil in reports from before it was said.
        package var size: UInt64?
        /// Rules applied and what they said, such as `threshold:pass`.
        package var rules: [String]

        /// Describes a released file.
        package init(name: String, digest: Digest, size: UInt64?, rules: [String]) {
            self.name = name
            self.digest = digest
            self.size = size
            self.rules = rules
        }

        /// The name under which its receiver gets it: ``name`` without `outputs/`.
        package var receivedName: String {
            name.utf8.starts(with: "outputs/".utf8) ? String(name.dropFirst("outputs/".count)) : name
        }

        var json: JSONValue {
            .members([
                ("name", .string(name)), ("digest", digest.json), ("size", size.map { .decimal($0) }),
                ("rules", .strings(rules)),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.name = try fields.string("name")
            self.digest = try fields.digest("digest")
            self.size = try fields.optionalDecimal("size")
            self.rules = try fields.strings("rules")
        }
    }

    /// A file that stays inside: a salted commitment and a reason, never a name, a size or a plain digest.
    package struct Withheld: Sendable, Wire {
        /// Salted commitment to the bytes.
        package var commit: Commitment
        /// Reason code.
        package var reason: String

        /// Describes a withheld file.
        package init(commit: Commitment, reason: String) {
            self.commit = commit
            self.reason = reason
        }

        var json: JSONValue { ["commit": commit.json, "reason": .string(reason)] }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            let leak = GloveboxError(
                "output.leak",
                "a withheld output tells more than a salted commitment and a reason"
            )
            self.commit = try fields.object("commit")
            self.reason = try fields.string("reason")
            guard commit.algorithm == .salted else { throw leak }
            do throws(GloveboxError) { try fields.finish() } catch { throw leak }
        }
    }

    /// Resources used.
    ///
    /// Ranges, not values; what the policy's channels hide is absent.
    package struct Usage: Sendable, Wire {
        /// Exit code.
        package var exitCode: String?
        /// Signal name, or empty.
        package var signal: String?
        /// Processor time as a range.
        package var cpuBucket: String?
        /// Memory as a range.
        package var rssBucket: String?
        /// Time on the clock as a range.
        package var wallBucket: String?
        /// Number of denied calls.
        package var deniedSyscalls: String?

        /// Describes resources used.
        package init(
            exitCode: String? = nil,
            signal: String? = nil,
            cpuBucket: String? = nil,
            rssBucket: String? = nil,
            wallBucket: String? = nil,
            deniedSyscalls: String? = nil
        ) {
            self.exitCode = exitCode
            self.signal = signal
            self.cpuBucket = cpuBucket
            self.rssBucket = rssBucket
            self.wallBucket = wallBucket
            self.deniedSyscalls = deniedSyscalls
        }

        var json: JSONValue {
            .members([
                ("exitCode", exitCode.map { .string($0) }), ("signal", signal.map { .string($0) }),
                ("cpuBucket", cpuBucket.map { .string($0) }), ("rssBucket", rssBucket.map { .string($0) }),
                ("wallBucket", wallBucket.map { .string($0) }),
                ("deniedSyscalls", deniedSyscalls.map { .string($0) }),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.exitCode = try fields.optionalString("exitCode")
            self.signal = try fields.optionalString("signal")
            self.cpuBucket = try fields.optionalString("cpuBucket")
            self.rssBucket = try fields.optionalString("rssBucket")
            self.wallBucket = try fields.optionalString("wallBucket")
            self.deniedSyscalls = try fields.optionalString("deniedSyscalls")
        }
    }

    /// When the run began and ended, UTC, whole seconds; the end of a real run is rounded as the policy says.
    package struct Time: Sendable, Wire {
        /// Start of the run.
        package var start: Instant
        /// End of the run.
        package var end: Instant
        /// Monotonic clock at the end, nanoseconds; absent when the policy hides it.
        package var monotonicNs: UInt64?
        /// The TPM's clock and counters as the quote has them; nil without a TPM.
        package var tpm: TPMClock?
        /// The run of the machine in which the report was signed, where people released the results after a restart.
        package var bootID: String?

        /// States the times, cut to whole seconds.
        package init(
            start: Instant,
            end: Instant,
            monotonicNs: UInt64? = nil,
            tpm: TPMClock? = nil,
            bootID: String? = nil
        ) {
            self.start = Instant(seconds: start.seconds)
            self.end = Instant(seconds: end.seconds)
            self.monotonicNs = monotonicNs
            self.tpm = tpm
            self.bootID = bootID
        }

        var json: JSONValue {
            .members([
                ("start", .string(start.text)), ("end", .string(end.text)),
                ("monotonicNs", monotonicNs.map { .decimal($0) }), ("tpm", tpm?.json),
                ("bootId", bootID.map { .string($0) }),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.start = try fields.time("start")
            self.end = try fields.time("end")
            self.monotonicNs = try fields.optionalDecimal("monotonicNs")
            self.tpm = try fields.optionalObject("tpm")
            self.bootID = try fields.optionalString("bootId")
        }
    }

    /// Where the log stood when the run began.
    package struct LogPosition: Sendable, Wire {
        /// Origin of the log.
        package var origin: String
        /// Index of the `job.starting` event.
        package var startIndex: UInt64
        /// The signed checkpoint that covers it.
        package var checkpoint: [UInt8]

        /// States a position.
        package init(origin: String, startIndex: UInt64, checkpoint: [UInt8]) {
            self.origin = origin
            self.startIndex = startIndex
            self.checkpoint = checkpoint
        }

        var json: JSONValue {
            [
                "origin": .string(origin), "startIndex": .decimal(startIndex),
                "checkpoint": .string(Base64.encode(checkpoint)),
            ]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.origin = try fields.string("origin")
            self.startIndex = try fields.decimal("startIndex")
            self.checkpoint = try fields.base64("checkpoint")
        }
    }
}
