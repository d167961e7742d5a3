package import GloveboxCore
internal import GloveboxJobs

/// `POST /plans`: what shall run on what.
package struct CreatePlanRequest: APIValue {
    /// The project, or nil for the site's default.
    package let project: String?
    /// NAR SHA-256 of the uploaded code tree.
    package let code: Digest
    /// Image name, alias or digest.
    package let image: String
    /// The command, never rewritten; at least one word.
    package let argv: [String]
    /// Variables; names match `[A-Za-z_][A-Za-z0-9_]{0,127}`.
    package let env: [String: String]
    /// The dataset.
    package let dataset: String
    /// The dataset that is joined to it on the privacy unit; nil for none.
    package let join: String?
    /// Name of the output policy.
    package let outputPolicy: String
    /// YAML texts of policies that this run alone tightens, one of a kind.
    package let tighten: [String]
    /// Limits asked for.
    package let limits: RequestedLimits
    /// Whether only a machine will do that gives every protection in full.
    package let needsFullIsolation: Bool
    /// What is held fixed; nil when the run need not be repeatable.
    package let deterministic: RequestedDeterminism?
    /// Why, in words of the researcher.
    package let purpose: String

    /// Asks for a plan.
    package init(
        project: String? = nil,
        code: Digest,
        image: String,
        argv: [String],
        env: [String: String] = [:],
        dataset: String,
        join: String? = nil,
        outputPolicy: String,
        tighten: [String] = [],
        limits: RequestedLimits = RequestedLimits(),
        needsFullIsolation: Bool = false,
        deterministic: RequestedDeterminism? = nil,
        purpose: String = ""
    ) {
        self.project = project
        self.code = code
        self.image = image
        self.argv = argv
        self.env = env
        self.dataset = dataset
        self.join = join
        self.outputPolicy = outputPolicy
        self.tighten = tighten
        self.limits = limits
        self.needsFullIsolation = needsFullIsolation
        self.deterministic = deterministic
        self.purpose = purpose
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "plan")
        self.project = try fields.optionalString("project")
        self.code = try fields.hexDigest("code")
        self.image = try fields.text("image", atMost: 128)
        self.argv = try Self.command(try fields.strings("argv"))
        self.env = try Self.environment(try fields.required("env"))
        self.dataset = try fields.name("dataset")
        self.join = try fields.optional("join").map { (json) throws(GloveboxError) in try Self.join(json) }
        self.outputPolicy = try fields.name("output_policy")
        self.tighten = try Self.tighten(fields.optional("tighten"))
        self.limits = try RequestedLimits(json: try fields.required("limits"))
        self.needsFullIsolation =
            try fields.optional("isolation").map { (json) throws(GloveboxError) in
                guard json.string == "full" else {
                    throw GloveboxError("request.invalid", "isolation is full, or left out")
                }
                return true
            } ?? false
        self.deterministic = try fields.optional("deterministic").map { (json) throws(GloveboxError) in
            try RequestedDeterminism(json: json)
        }
        self.purpose = try fields.text("purpose", atMost: 4096)
        try fields.finish()
    }

    package var json: JSONValue {
        let variables = JSONObject(env.map { ($0.key, .string($0.value)) })
        var object = JSONObject([
            ("code", .string(code.hex)), ("image", .string(image)), ("argv", .array(argv.map { .string($0) })),
            ("env", .object(variables)), ("dataset", .string(dataset)), ("output_policy", .string(outputPolicy)),
            ("limits", limits.json), ("purpose", .string(purpose)),
        ])
        if !tighten.isEmpty { object["tighten"] = .array(tighten.map { .string($0) }) }
        object["project"] = project.map { .string($0) }
        object["join"] = join.map { .string($0) }
        if needsFullIsolation { object["isolation"] = "full" }
        object["deterministic"] = deterministic?.json
        return .object(object)
    }

    private static func join(_ value: JSONValue) throws(GloveboxError) -> String {
        var fields = try JSONFields(["join": value], at: "plan")
        return try fields.name("join")
    }

    private static func tighten(_ value: JSONValue?) throws(GloveboxError) -> [String] {
        guard let value else { return [] }
        let texts = value.array?.compactMap(\.string) ?? []
        guard (1...2).contains(texts.count), texts.count == value.array?.count,
            texts.allSatisfy({ $0.utf8.count <= documentLimit })
        else { throw GloveboxError("request.invalid", "tighten must be one or two policies, one of a kind") }
        return texts
    }

    private static func command(_ argv: [String]) throws(GloveboxError) -> [String] {
        let bytes = argv.reduce(0) { $0 + $1.utf8.count + 1 }
        guard !argv.isEmpty, argv[0] != "", argv.count <= 1024, bytes <= 65536,
            !argv.contains(where: { $0.utf8.contains(0) })
        else { throw GloveboxError("request.invalid", "argv must be 1 to 1024 words, 64 KiB together, without NUL") }
        return argv
    }

    private static func environment(_ value: JSONValue) throws(GloveboxError) -> [String: String] {
        guard let object = value.object else { throw GloveboxError("schema.type", "env must be an object") }
        guard object.members.count <= 64 else {
            throw GloveboxError("limit.exceeded", "env has more than 64 variables")
        }
        var out: [String: String] = [:]
        for member in object.members {
            guard isVariable(member.name), let text = member.value.string, !text.utf8.contains(0),
                text.utf8.count <= 4096
            else {
                throw GloveboxError("request.invalid", "env has an invalid variable: \(Display.escape(member.name))")
            }
            out[member.name] = text
        }
        return out
    }

    private static func isVariable(_ name: String) -> Bool {
        let utf8 = Array(name.utf8)
        guard let first = utf8.first, utf8.count <= 128, !(48...57).contains(first) else { return false }
        return utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
        }
    }
}

/// Answer to `POST /plans`.
package struct CreatedPlan: APIValue {
    /// SHA-256 of the manifest's bytes.
    package let planDigest: Digest
    /// SHA-256 of its canonical `core`.
    package let coreDigest: Digest
    /// The exact bytes of `manifest.json`.
    package let manifest: [UInt8]
    /// Things worth knowing, as sentences.
    package let warnings: [String]

    /// Hands out a plan.
    package init(planDigest: Digest, coreDigest: Digest, manifest: [UInt8], warnings: [String] = []) {
        self.planDigest = planDigest
        self.coreDigest = coreDigest
        self.manifest = manifest
        self.warnings = warnings
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "plan")
        self.planDigest = try fields.namedDigest("plan_digest")
        self.coreDigest = try fields.namedDigest("core_digest")
        self.manifest = try fields.base64("manifest")
        self.warnings = try fields.strings("warnings")
        try fields.finish()
    }

    package var json: JSONValue {
        [
            "plan_digest": .string(planDigest.named), "core_digest": .string(coreDigest.named),
            "manifest": .string(Base64.encode(manifest)), "warnings": .array(warnings.map { .string($0) }),
        ]
    }
}
