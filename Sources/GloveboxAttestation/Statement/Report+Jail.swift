package import GloveboxCore

extension Report {
    /// The jail as loaded and as read back from inside it.
    package struct Jail: Sendable, Wire {
        /// Digest of the jail profile.
        package var policy: Digest
        /// Digest of the filter bytes given to the kernel, by architecture (`x86_64`).
        package var seccompBPF: [(architecture: String, digest: Digest)]
        /// What the child read about itself before exec; nil when it never got that far.
        package var readback: Readback?
        /// What was held fixed; nil when the plan does not ask for it, or the jail was never built.
        package var deterministic: Deterministic?

        /// Describes the jail.
        package init(
            policy: Digest,
            seccompBPF: [(architecture: String, digest: Digest)],
            readback: Readback?,
            deterministic: Deterministic? = nil
        ) {
            self.policy = policy
            self.seccompBPF = seccompBPF
            self.readback = readback
            self.deterministic = deterministic
        }

        var json: JSONValue {
            .members([
                ("policy", policy.json),
                ("seccompBpf", .object(JSONObject(seccompBPF.map { ($0.architecture, $0.digest.json) }))),
                ("readback", readback?.json), ("deterministic", deterministic?.json),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.policy = try fields.digest("policy")
            let filters = try fields.required("seccompBpf")
            var members = try JSONFields(filters, at: "seccompBpf")
            self.seccompBPF = []
            for name in filters.object?.names ?? [] {
                seccompBPF.append((architecture: name, digest: try members.digest(name)))
            }
            self.readback = try fields.optionalObject("readback")
            self.deterministic = try fields.optionalObject("deterministic")
        }
    }

    /// The child's own view of its confinement after set-up and before exec, in the kernel's words.
    package struct Readback: Sendable, Wire {
        /// `Seccomp:` of `/proc/self/status`; `2` means a filter is loaded.
        package var seccomp: String
        /// `NoNewPrivs:`; `1` means set.
        package var noNewPrivs: String
        /// `CapEff:` without leading zeros; `0` means none.
        package var capEff: String
        /// SHA-256 of `mountinfo`.
        package var mountinfo: Digest
        /// `uid_map`, fields joined by single spaces, lines by commas.
        package var uidMap: String
        /// All five capability sets by their names in `/proc/self/status`, hexadecimal.
        package var capabilities: TextMap?
        /// Landlock interface version; `0` when the kernel has none.
        package var landlockABI: String
        /// The kernel's numbers of its namespaces by their names in `/proc/self/ns`, none of them the supervisor's; nil
        /// where a jail has no `/proc`.
        package var namespaces: TextMap?
        /// The limits of its control group by the kernel's file names, as the kernel rounded them; nil where
        /// the host has no control groups.
        package var controlGroup: TextMap?

        /// Describes the readback.
        package init(
            seccomp: String,
            noNewPrivs: String,
            capEff: String,
            capabilities: TextMap? = nil,
            mountinfo: Digest,
            uidMap: String,
            landlockABI: String,
            namespaces: TextMap? = nil,
            controlGroup: TextMap? = nil
        ) {
            self.seccomp = seccomp
            self.noNewPrivs = noNewPrivs
            self.capEff = capEff
            self.capabilities = capabilities
            self.mountinfo = mountinfo
            self.uidMap = uidMap
            self.landlockABI = landlockABI
            self.namespaces = namespaces
            self.controlGroup = controlGroup
        }

        var json: JSONValue {
            .members([
                ("seccomp", .string(seccomp)), ("noNewPrivs", .string(noNewPrivs)), ("capEff", .string(capEff)),
                ("capabilities", capabilities?.json), ("mountinfo", mountinfo.json), ("uidMap", .string(uidMap)),
                ("landlockAbi", .string(landlockABI)), ("namespaces", namespaces?.json),
                ("cgroup", controlGroup?.json),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.seccomp = try fields.string("seccomp")
            self.noNewPrivs = try fields.string("noNewPrivs")
            self.capEff = try fields.string("capEff")
            self.capabilities = try fields.optionalTexts("capabilities")
            self.mountinfo = try fields.digest("mountinfo")
            self.uidMap = try fields.string("uidMap")
            self.landlockABI = try fields.string("landlockAbi")
            self.namespaces = try fields.optionalTexts("namespaces")
            self.controlGroup = try fields.optionalTexts("cgroup")
        }
    }

    /// The root filesystem.
    package struct Rootfs: Sendable, Wire {
        /// SHA-256 of the image file.
        package var digest: Digest
        /// `erofs`, `squashfs` or `directory`.
        package var format: String
        /// The program of the image that was executed, by its path in the jail; nil when none was.
        package var interpreter: CodeMapping?

        /// Describes the root filesystem.
        package init(digest: Digest, format: String, interpreter: CodeMapping? = nil) {
            self.digest = digest
            self.format = format
            self.interpreter = interpreter
        }

        var json: JSONValue {
            .members([
                ("digest", digest.json), ("format", .string(format)), ("interpreter", interpreter?.json),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.digest = try fields.digest("digest")
            self.format = try fields.string("format")
            self.interpreter = try fields.optionalObject("interpreter")
        }
    }

    /// The code as measured while it was copied.
    package struct Code: Sendable, Wire {
        /// The three tree digests.
        package var digests: CodeDigests
        /// Digest of the file list (``Swift/Array/listDigest``).
        package var files: Digest

        /// Describes the measured code.
        package init(digests: CodeDigests, files: Digest) {
            self.digests = digests
            self.files = files
        }

        var json: JSONValue { ["digest": digests.json, "files": files.json] }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.digests = try fields.object("digest")
            self.files = try fields.digest("files")
        }
    }

    /// The command as executed, or the commands of a task, one after the other.
    package struct Invocation: Sendable, Wire {
        /// Program and arguments.
        package var argv: [String]
        /// Working directory.
        package var cwd: String
        /// File mode mask, such as `0077`.
        package var umask: String
        /// The whole environment.
        package var env: TextMap
        /// SHA-256 of the canonical environment.
        package var envDigest: Digest
        /// Limits in force.
        package var limits: Manifest.Limits
        /// The commands after the first; empty for a plan of one.
        package var further: [Manifest.Executor]
        /// How many commands were executed, where there are several; nil before the end.
        package var ran: UInt64?

        /// Describes a plan's commands as they were executed.
        package init(
            _ executor: Manifest.Executor,
            further: [Manifest.Executor] = [],
            ran: UInt64? = nil,
            umask: String,
            limits: Manifest.Limits
        ) {
            self.further = further
            self.ran = further.isEmpty ? nil : ran
            self.argv = executor.argv
            self.cwd = executor.cwd
            self.umask = umask
            self.env = executor.env
            self.envDigest = executor.env.digest
            self.limits = limits
        }

        var json: JSONValue {
            .members([
                ("argv", .strings(argv)), ("cwd", .string(cwd)), ("umask", .string(umask)), ("env", env.json),
                ("envDigest", envDigest.json), ("limits", limits.json),
                ("further", further.isEmpty ? nil : .list(further)), ("ran", ran.map { .string(String($0)) }),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.argv = try fields.strings("argv")
            self.cwd = try fields.string("cwd")
            self.umask = try fields.string("umask")
            self.env = try TextMap(fields.required("env"), at: "env")
            self.envDigest = try fields.digest("envDigest")
            self.limits = try fields.object("limits")
            self.further = try fields.optionalList("further")
            self.ran = try fields.optionalDecimal("ran")
        }
    }
}
