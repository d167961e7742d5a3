package import GloveboxCore

/// An identity that may sign reports.
package struct TrustedAttester: Sendable, Wire {
    /// The URI in the leaf.
    package var identity: String
    /// The issuer text in the leaf.
    package var issuer: String
    /// Key identifier of the only CA that may issue for it.
    package var caKeyIdentifier: [UInt8]

    /// Trusts an identity under a CA.
    package init(identity: String, issuer: String, caKeyIdentifier: [UInt8]) {
        self.identity = identity
        self.issuer = issuer
        self.caKeyIdentifier = caKeyIdentifier
    }

    var json: JSONValue {
        ["identity": .string(identity), "issuer": .string(issuer), "caSki": .string(Hex.encode(caKeyIdentifier))]
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.identity = try fields.string("identity")
        self.issuer = try fields.string("issuer")
        guard let identifier = Hex.decode(try fields.string("caSki")), identifier.count == 20 else {
            throw GloveboxError("schema.type", "caSki must be 20 bytes in hex")
        }
        self.caKeyIdentifier = identifier
    }
}

/// A person's key in a role.
package struct RoleKey: Sendable, Wire {
    /// What a key may do.
    package enum Role: String, Sendable {
        case researcher
        case reviewer
        case owner
        case `operator`
        /// The site's own key, for clients that cannot sign.
        case site
    }

    /// The role.
    package var role: Role
    /// Account id of the person.
    package var account: String
    /// The public key.
    package var key: PersonKey
    /// From when signatures count.
    package var validFrom: Instant
    /// Until when signatures count (exclusive); nil while enrolled.
    package var validTo: Instant?

    /// Enrols a key.
    package init(_ role: Role, account: String, key: PersonKey, validFrom: Instant, validTo: Instant? = nil) {
        self.role = role
        self.account = account
        self.key = key
        self.validFrom = Instant(seconds: validFrom.seconds)
        self.validTo = validTo.map { Instant(seconds: $0.seconds) }
    }

    /// Whether a signature at that time counts.
    func isValid(at time: Instant) -> Bool { validFrom <= time && validTo.map { time < $0 } ?? true }

    var json: JSONValue {
        .members([
            ("role", .string(role.rawValue)), ("account", .string(account)), ("keyid", .string(key.keyID)),
            ("publicKey", .string(key.hex)),
            (
                "validFor",
                .members([("start", .string(validFrom.text)), ("end", validTo.map { .string($0.text) })])
            ),
        ])
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.role = try fields.choice("role")
        self.account = try fields.string("account")
        self.key = try PersonKey(hex: try fields.string("publicKey"))
        try fields.constant("keyid", key.keyID, code: "schema.value")
        var period = try fields.nested("validFor")
        self.validFrom = try period.time("start")
        self.validTo = try period.optionalTime("end")
        try period.finish()
    }
}

/// A key-encryption key under which the site's broker releases data keys.
package struct TrustedBroker: Sendable, Equatable, Wire {
    /// Names the key without telling it.
    package let kekID: Digest
    /// From when releases under it count.
    package let validFrom: Instant
    /// Until when (exclusive); nil while it is in force.
    package let validTo: Instant?

    /// Lists a key.
    package init(_ kekID: Digest, validFrom: Instant, validTo: Instant? = nil) {
        self.kekID = kekID
        self.validFrom = Instant(seconds: validFrom.seconds)
        self.validTo = validTo.map { Instant(seconds: $0.seconds) }
    }

    /// Whether a release at that time counts.
    func isValid(at time: Instant) -> Bool { validFrom <= time && validTo.map { time < $0 } ?? true }

    var json: JSONValue {
        [
            "kekId": .string(kekID.hex),
            "validFor": .members([("start", .string(validFrom.text)), ("end", validTo.map { .string($0.text) })]),
        ]
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.kekID = try fields.digestHex("kekId")
        var period = try fields.nested("validFor")
        self.validFrom = try period.time("start")
        self.validTo = try period.optionalTime("end")
        try period.finish()
    }
}

/// Binaries that the site vouches for.
package struct ReferenceValues: Sendable, Wire {
    /// Supervisor binaries.
    package var supervisors: [Digest]
    /// Launcher binaries.
    package var launchers: [Digest]
    /// Files that a supervisor may map executable; empty when they are not judged, which the verdict then says.
    package var mapped: [Digest]
    /// Least security version of the supervisor.
    package var minSVN: UInt64
    /// Seccomp filters as loaded; empty when any filter of the approved profile is accepted.
    package var seccompBPF: [Digest]
    /// Libraries that deterministic jails load; left out of the file when there are none.
    package var shims: [Digest]
    /// Root-filesystem images for which a broker gives out data keys; each of the next four is left out when empty.
    package var images: [Digest] = []
    /// Jail profiles for which it does.
    package var profiles: [Digest] = []
    /// Kernels on which it does: SHA-256 of release and version as `/proc/sys/kernel` tells them, with a space between.
    package var kernels: [Digest] = []
    /// Processing and output policies under which it does.
    package var policies: [Digest] = []
    /// Command lines of the kernel, SHA-256; of this and the next two anything is accepted when they are empty.
    package var commandLines: [Digest] = []
    /// Sets of security modules: SHA-256 of `/sys/kernel/security/lsm`.
    package var securityModules: [Digest] = []
    /// Configurations that a TPM may have measured: SHA-256 of founding and settings.
    package var configurations: [Digest] = []

    /// Lists known binaries.
    package init(
        supervisors: [Digest],
        launchers: [Digest],
        mapped: [Digest] = [],
        minSVN: UInt64 = 0,
        seccompBPF: [Digest] = [],
        shims: [Digest] = []
    ) {
        self.supervisors = supervisors
        self.launchers = launchers
        self.mapped = mapped
        self.minSVN = minSVN
        self.seccompBPF = seccompBPF
        self.shims = shims
    }

    var json: JSONValue {
        .members([
            ("supervisors", .array(supervisors.map(\.json))), ("launchers", .array(launchers.map(\.json))),
            ("mapped", .array(mapped.map(\.json))), ("minSvn", .decimal(minSVN)),
            ("seccompBpf", .array(seccompBPF.map(\.json))),
            ("shims", Self.list(shims)), ("images", Self.list(images)), ("profiles", Self.list(profiles)),
            ("kernels", Self.list(kernels)), ("policies", Self.list(policies)),
            ("cmdlines", Self.list(commandLines)), ("lsms", Self.list(securityModules)),
            ("configurations", Self.list(configurations)),
        ])
    }

    private static func list(_ digests: [Digest]) -> JSONValue? {
        digests.isEmpty ? nil : .array(digests.map(\.json))
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.supervisors = try fields.digests("supervisors")
        self.launchers = try fields.digests("launchers")
        self.mapped = try fields.digests("mapped")
        self.minSVN = try fields.decimal("minSvn")
        self.seccompBPF = try fields.digests("seccompBpf")
        self.shims = try fields.optionalDigests("shims")
        self.images = try fields.optionalDigests("images")
        self.profiles = try fields.optionalDigests("profiles")
        self.kernels = try fields.optionalDigests("kernels")
        self.policies = try fields.optionalDigests("policies")
        self.commandLines = try fields.optionalDigests("cmdlines")
        self.securityModules = try fields.optionalDigests("lsms")
        self.configurations = try fields.optionalDigests("configurations")
    }
}

/// The least version of a policy that still counts.
package struct PolicyFloor: Sendable, Equatable, Wire {
    /// Policy name.
    package var name: String
    /// Least version.
    package var version: UInt64

    /// Sets a floor.
    package init(name: String, version: UInt64) {
        self.name = name
        self.version = version
    }

    var json: JSONValue { ["name": .string(name), "version": .decimal(version)] }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.name = try fields.string("name")
        self.version = try fields.decimal("version")
    }
}

/// A key that does not count from a moment on.
package struct Revocation: Sendable, Equatable, Wire {
    /// Why a key was revoked.
    package enum Reason: String, Sendable, CaseIterable {
        /// Someone else has it, or may have.
        case compromised
        /// Another one takes its place.
        case superseded
        /// Its holder has no more business here.
        case withdrawn
    }

    /// The key id of a person's key, or SHA-256 of a SPKI.
    package var key: Digest
    /// From when its signatures are refused.
    package var from: Instant
    /// Log index of the event that revoked it.
    package var logIndex: UInt64
    /// Why; nil where nobody said.
    package var reason: Reason?

    /// Revokes a key.
    package init(key: Digest, from: Instant, logIndex: UInt64, reason: Reason? = nil) {
        self.key = key
        self.from = Instant(seconds: from.seconds)
        self.logIndex = logIndex
        self.reason = reason
    }

    var json: JSONValue {
        .members([
            ("key", .string(key.hex)), ("from", .string(from.text)), ("logIndex", .decimal(logIndex)),
            ("reason", reason.map { .string($0.rawValue) }),
        ])
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        self.key = try fields.digestHex("key")
        self.from = try fields.time("from")
        self.logIndex = try fields.decimal("logIndex")
        self.reason = try fields.optionalChoice("reason")
    }
}
