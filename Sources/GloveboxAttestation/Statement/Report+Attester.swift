package import GloveboxCore

extension Report {
    /// What a report rests on.
    package enum RootOfTrust: String, Sendable {
        /// Software keys, no quote.
        case emulated
        /// A quote by an emulated TPM.
        case emulatedTPM = "emulated-swtpm"
        /// A quote by a TPM 2.0.
        case tpm2
        /// A report by AMD SEV-SNP.
        case sevSNP = "sev-snp"
    }

    /// What stands behind the report, and what does not.
    package struct Assurance: Sendable, Wire {
        /// Claims that no emulated root can make; every such report lists them.
        package static let neverProvenByEmulation = ["host-root-honest", "side-channels"]

        /// Which root signed.
        package var rootOfTrust: RootOfTrust
        /// Whether debugging facilities were on.
        package var debug: Bool
        /// Safety switches that were off.
        package var insecure: [String]
        /// What the report does not prove.
        package var notProven: [String]
        /// Protections that this host lacks, by name; the fallback was used.
        package var weaker: [String]

        /// Describes the assurance; `neverProvenByEmulation` is always part of `notProven`.
        package init(
            rootOfTrust: RootOfTrust = .emulated,
            debug: Bool = false,
            insecure: [String] = [],
            notProven: [String] = [],
            weaker: [String] = []
        ) {
            self.rootOfTrust = rootOfTrust
            self.debug = debug
            self.insecure = insecure
            self.notProven = Self.neverProvenByEmulation
            for claim in notProven where !self.notProven.contains(claim) { self.notProven.append(claim) }
            self.weaker = weaker
        }

        var json: JSONValue {
            [
                "rootOfTrust": .string(rootOfTrust.rawValue), "debug": .bool(debug), "insecure": .strings(insecure),
                "notProven": .strings(notProven), "weaker": .strings(weaker),
            ]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.rootOfTrust = try fields.choice("rootOfTrust")
            self.debug = try fields.bool("debug")
            self.insecure = try fields.strings("insecure")
            self.notProven = try fields.strings("notProven")
            self.weaker = try fields.strings("weaker")
        }
    }

    /// The programs and the kernel that ran the job.
    package struct Attester: Sendable, Wire {
        /// The identity that the leaf certificate carries.
        package var identity: String
        /// TPM 2.0 Name of the attestation key that made the report's quote, 34 bytes; nil without a quote, and in reports of
        /// earlier versions.
        package var keyName: [UInt8]?
        /// SHA-256 of the supervisor's binary.
        package var supervisor: Digest
        /// Security version of the supervisor; only ever rises.
        package var svn: UInt64
        /// SHA-256 of the launcher's binary.
        package var launcher: Digest
        /// Executable mappings of the supervisor; empty when it is static.
        package var mapped: [CodeMapping]
        /// The kernel.
        package var kernel: Kernel

        /// Describes the attester.
        package init(
            identity: String,
            supervisor: Digest,
            svn: UInt64,
            launcher: Digest,
            mapped: [CodeMapping] = [],
            kernel: Kernel
        ) {
            self.identity = identity
            self.supervisor = supervisor
            self.svn = svn
            self.launcher = launcher
            self.mapped = mapped
            self.kernel = kernel
        }

        var json: JSONValue {
            var object = JSONObject([
                ("identity", .string(identity)), ("supervisor", ["digest": supervisor.json, "svn": .decimal(svn)]),
                ("launcher", ["digest": launcher.json]), ("mapped", .list(mapped)), ("kernel", kernel.json),
            ])
            object["akName"] = keyName.map { .string(Hex.encode($0)) }
            return .object(object)
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.identity = try fields.string("identity")
            self.keyName = try fields.optionalString("akName").map { (text) throws(GloveboxError) in
                guard let name = Hex.decode(text), name.count == 34 else {
                    throw GloveboxError("schema.type", "attester.akName must be 34 bytes in hex")
                }
                return name
            }
            var supervisor = try fields.nested("supervisor")
            self.supervisor = try supervisor.digest("digest")
            self.svn = try supervisor.decimal("svn")
            try supervisor.finish()
            var launcher = try fields.nested("launcher")
            self.launcher = try launcher.digest("digest")
            try launcher.finish()
            self.mapped = try fields.list("mapped")
            self.kernel = try fields.object("kernel")
        }
    }

    /// A file mapped executable into the supervisor.
    package struct CodeMapping: Sendable, Wire {
        /// Path on the host.
        package var path: String
        /// SHA-256 of the file.
        package var digest: Digest

        /// Describes a mapping.
        package init(path: String, digest: Digest) {
            self.path = path
            self.digest = digest
        }

        var json: JSONValue { ["path": .string(path), "digest": digest.json] }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.path = try fields.string("path")
            self.digest = try fields.digest("digest")
        }
    }

    /// The kernel as the supervisor sees it; what the host does not tell is absent.
    package struct Kernel: Sendable, Wire {
        /// Release, such as `6.12.9`.
        package var version: String
        /// Boot id of this boot.
        package var bootID: String
        /// Active security modules.
        package var lsm: String
        /// SHA-256 of the build-id notes.
        package var notes: Digest?
        /// SHA-256 of the command line.
        package var cmdline: Digest?
        /// SHA-256 of the module list.
        package var modules: Digest?
        /// Settings that matter to the jail.
        package var sysctls: TextMap

        /// Describes the kernel.
        package init(
            version: String,
            bootID: String,
            lsm: String,
            notes: Digest? = nil,
            cmdline: Digest? = nil,
            modules: Digest? = nil,
            sysctls: TextMap = [:]
        ) {
            self.version = version
            self.bootID = bootID
            self.lsm = lsm
            self.notes = notes
            self.cmdline = cmdline
            self.modules = modules
            self.sysctls = sysctls
        }

        var json: JSONValue {
            .members([
                ("version", .string(version)), ("bootId", .string(bootID)), ("lsm", .string(lsm)),
                ("notes", notes?.json), ("cmdline", cmdline?.json), ("modules", modules?.json),
                ("sysctls", sysctls.json),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.version = try fields.string("version")
            self.bootID = try fields.string("bootId")
            self.lsm = try fields.string("lsm")
            self.notes = try fields.optionalDigest("notes")
            self.cmdline = try fields.optionalDigest("cmdline")
            self.modules = try fields.optionalDigest("modules")
            self.sysctls = try TextMap(fields.required("sysctls"), at: "sysctls")
        }
    }
}
