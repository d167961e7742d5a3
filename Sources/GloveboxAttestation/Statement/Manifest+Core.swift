package import GloveboxCore

extension Manifest {
    /// What runs: code, image, commands, jail profile, limits, parameters.
    package struct Core: Sendable, Wire {
        /// Digests of the code tree.
        package var code: CodeDigests
        /// Its regular files.
        package var files: [CodeFile]
        /// Root filesystem.
        package var image: NamedDigest
        /// Commands, in order.
        package var executors: [Executor]
        /// Jail profile.
        package var profile: NamedDigest
        /// What is demanded of the machine beside the profile; nil when any will do.
        package var isolation: Isolation?
        /// Ceilings on resources.
        package var limits: Limits
        /// Fixed seed, clock and threads; nil when the run is not made repeatable.
        package var deterministic: Deterministic?
        /// Parameters handed to the code.
        package var params: TextMap

        /// Describes what runs.
        package init(
            code: CodeDigests,
            files: [CodeFile],
            image: NamedDigest,
            executors: [Executor],
            profile: NamedDigest,
            isolation: Isolation? = nil,
            limits: Limits,
            deterministic: Deterministic? = nil,
            params: TextMap = [:]
        ) {
            self.code = code
            self.files = files
            self.image = image
            self.executors = executors
            self.profile = profile
            self.isolation = isolation
            self.limits = limits
            self.deterministic = deterministic
            self.params = params
        }

        var json: JSONValue {
            .members([
                ("code", ["digest": code.json, "files": .list(files)]), ("image", image.json),
                ("executors", .list(executors)), ("profile", profile.json),
                ("isolation", isolation.map { .string($0.rawValue) }), ("limits", limits.json),
                ("deterministic", deterministic?.json), ("params", params.json),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            var code = try fields.nested("code")
            self.code = try code.object("digest")
            self.files = try code.list("files")
            try code.finish()
            self.image = try fields.object("image")
            self.executors = try fields.list("executors")
            self.profile = try fields.object("profile")
            self.isolation = try fields.optionalChoice("isolation")
            self.limits = try fields.object("limits")
            self.deterministic = try fields.optionalObject("deterministic")
            self.params = try TextMap(fields.required("params"), at: "params")
        }
    }

    /// What a plan demands of the machine that it runs on.
    ///
    /// Source: job backend specification, section 7.4.
    package enum Isolation: String, Sendable {
        /// Every protection that a machine can give a jail is in force, and no weaker one stands in for any.
        case full

        /// What is weaker by the approved jail profile, and so on every machine.
        package static let ofProfile = ["host-counters"]
    }

    /// A name for people and the digest that counts.
    package struct NamedDigest: Sendable, Wire {
        /// What people call it.
        package var name: String
        /// What is compared.
        package var digest: Digest

        /// Names a digest.
        package init(name: String, digest: Digest) {
            self.name = name
            self.digest = digest
        }

        var json: JSONValue { ["name": .string(name), "digest": digest.json] }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.name = try fields.string("name")
            self.digest = try fields.digest("digest")
        }
    }

    /// One command, exactly as it is executed.
    package struct Executor: Sendable, Wire {
        /// Program and arguments.
        package var argv: [String]
        /// Working directory in the jail.
        package var cwd: String
        /// The whole environment.
        package var env: TextMap
        /// File for standard input in the jail, or empty.
        package var stdin: String
        /// File for standard output, or empty.
        package var stdout: String
        /// File for standard error, or empty.
        package var stderr: String
        /// Whether a failure of this command lets the next one run.
        package var ignoreError: Bool

        /// Describes a command.
        package init(
            argv: [String],
            cwd: String = "/job/code",
            env: TextMap,
            stdin: String = "",
            stdout: String = "",
            stderr: String = "",
            ignoreError: Bool = false
        ) {
            self.argv = argv
            self.cwd = cwd
            self.env = env
            self.stdin = stdin
            self.stdout = stdout
            self.stderr = stderr
            self.ignoreError = ignoreError
        }

        var json: JSONValue {
            [
                "argv": .strings(argv), "cwd": .string(cwd), "env": env.json, "stdin": .string(stdin),
                "stdout": .string(stdout), "stderr": .string(stderr), "ignoreError": .bool(ignoreError),
            ]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.argv = try fields.strings("argv")
            self.cwd = try fields.string("cwd")
            self.env = try TextMap(fields.required("env"), at: "env")
            self.stdin = try fields.string("stdin")
            self.stdout = try fields.string("stdout")
            self.stderr = try fields.string("stderr")
            self.ignoreError = try fields.bool("ignoreError")
        }
    }

    /// Ceilings on what a job may use.
    package struct Limits: Sendable, Wire {
        /// Processor time in seconds.
        package var cpuSeconds: UInt64
        /// Time on the clock in seconds.
        package var wallSeconds: UInt64
        /// Memory in bytes.
        package var memoryBytes: UInt64
        /// Processes and threads.
        package var pids: UInt64
        /// Scratch and output space in bytes.
        package var diskBytes: UInt64
        /// Files in scratch and output.
        package var files: UInt64
        /// Processors that the job is bound to; in the plan's bytes from two on.
        package var processors: UInt64

        /// Sets all ceilings.
        package init(
            cpuSeconds: UInt64,
            wallSeconds: UInt64,
            memoryBytes: UInt64,
            pids: UInt64,
            diskBytes: UInt64,
            files: UInt64,
            processors: UInt64 = 1
        ) {
            self.processors = processors
            self.cpuSeconds = cpuSeconds
            self.wallSeconds = wallSeconds
            self.memoryBytes = memoryBytes
            self.pids = pids
            self.diskBytes = diskBytes
            self.files = files
        }

        var json: JSONValue {
            var object = JSONObject([
                ("cpuSeconds", .decimal(cpuSeconds)), ("wallSeconds", .decimal(wallSeconds)),
                ("memoryBytes", .decimal(memoryBytes)), ("pids", .decimal(pids)), ("diskBytes", .decimal(diskBytes)),
                ("files", .decimal(files)),
            ])
            if processors > 1 { object["processors"] = .decimal(processors) }
            return .object(object)
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.cpuSeconds = try fields.decimal("cpuSeconds")
            self.wallSeconds = try fields.decimal("wallSeconds")
            self.memoryBytes = try fields.decimal("memoryBytes")
            self.pids = try fields.decimal("pids")
            self.diskBytes = try fields.decimal("diskBytes")
            self.files = try fields.decimal("files")
            let processors = try fields.optionalDecimal("processors")
            // So that a plan has one spelling.
            guard processors.map({ $0 > 1 }) ?? true else {
                throw GloveboxError("schema.value", "limits.processors is left out for one processor")
            }
            self.processors = processors ?? 1
        }
    }

    /// What is held fixed so that a run can be repeated.
    package struct Deterministic: Sendable, Wire {
        /// Seed of the random sources.
        package var seed: UInt64
        /// The time the job sees.
        package var clock: Instant
        /// Threads the job may use.
        package var threads: UInt64

        /// Fixes seed, clock and threads.
        package init(seed: UInt64, clock: Instant, threads: UInt64) {
            self.seed = seed
            self.clock = clock
            self.threads = threads
        }

        var json: JSONValue {
            ["seed": .decimal(seed), "clock": .string(clock.text), "threads": .decimal(threads)]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.seed = try fields.decimal("seed")
            self.clock = try fields.time("clock")
            self.threads = try fields.decimal("threads")
        }
    }
}
