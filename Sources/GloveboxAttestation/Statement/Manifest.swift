package import GloveboxCore

/// The plan: everything a reviewer approves, as the in-toto statement that the researcher signs.
///
/// Source: job backend specification, section 1.2.
package struct Manifest: Sendable {
    static let profile = "glovebox-plan/1"

    /// Whether private or mock data is read.
    package enum Mode: String, Sendable {
        case real
        case mock
    }

    /// 32 random bytes, so that the plan's digest cannot be guessed.
    package var salt: [UInt8]
    /// Name of the site.
    package var site: String
    /// Project id.
    package var project: String
    /// Account id of the researcher.
    package var submitter: String
    /// Real or mock run.
    package var mode: Mode
    /// What runs; the same for a mock and a real run of the same code.
    package var core: Core
    /// Datasets and where they are mounted.
    package var inputs: [Input]
    /// Digests of the policies that judge the run.
    package var policies: Policies
    /// What may be taken out.
    package var outputs: [Output]
    /// Why, in the researcher's words.
    package var purpose: String
    /// Ranges of parameters that an approval covers.
    package var paramsAllowed: [ParameterRange]

    /// Makes a plan with a fresh salt.
    package init(
        site: String,
        project: String,
        submitter: String,
        mode: Mode,
        core: Core,
        inputs: [Input],
        policies: Policies,
        outputs: [Output],
        purpose: String,
        paramsAllowed: [ParameterRange] = []
    ) {
        self.salt = Hashing.random(32)
        self.site = site
        self.project = project
        self.submitter = submitter
        self.mode = mode
        self.core = core
        self.inputs = inputs
        self.policies = policies
        self.outputs = outputs
        self.purpose = purpose
        self.paramsAllowed = paramsAllowed
    }

    /// Reads `manifest.json` strictly.
    ///
    /// - Throws: codes of the strict reader and of ``Statement``; `schema.version` for another profile; `schema.value`
    ///   when the subject or `coreDigest` does not belong to the content, or a mock plan names real data.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        let statement = try Statement(parsing: bytes, expecting: .manifest)
        var fields = try JSONFields(statement.predicate, at: "predicate")
        try fields.constant("profile", Self.profile, code: "schema.version")
        self.salt = try fields.random32("salt")
        self.site = try fields.string("site")
        self.project = try fields.string("project")
        self.submitter = try fields.string("submitter")
        self.mode = try fields.choice("mode")
        self.core = try fields.object("core")
        self.inputs = try fields.list("inputs")
        self.policies = try fields.object("policies")
        self.outputs = try fields.list("outputs")
        self.purpose = try fields.string("purpose")
        self.paramsAllowed = try ParameterRange.read(try fields.required("paramsAllowed"))
        let claimed = try fields.digest("coreDigest")
        try fields.finish()
        guard claimed == coreDigest, CanonicalJSON.encode(.list(statement.subjects)) == CanonicalJSON.encode(subject)
        else { throw GloveboxError("schema.value", "the plan's subject or coreDigest does not belong to its content") }
        guard mode == .real || inputs.allSatisfy({ $0.kind == .mock }) else {
            throw GloveboxError("schema.value", "a mock plan names private data")
        }
    }

    private var subject: JSONValue { .list([Subject(name: "code.nar", digest: core.code.nar)]) }

    /// SHA-256 of the canonical `core`.
    package var coreDigest: Digest { Hashing.sha256(CanonicalJSON.encode(core.json)) }

    /// The file `manifest.json`: what is signed and what is approved.
    package var bytes: [UInt8] {
        Statement(
            .manifest,
            subjects: [Subject(name: "code.nar", digest: core.code.nar)],
            predicate: predicate
        ).bytes
    }

    var predicate: JSONValue {
        [
            "profile": .string(Self.profile), "salt": .string(Base64.encodeURL(salt)), "site": .string(site),
            "project": .string(project), "submitter": .string(submitter), "mode": .string(mode.rawValue),
            "coreDigest": coreDigest.json, "core": core.json, "inputs": .list(inputs), "policies": policies.json,
            "outputs": .list(outputs), "purpose": .string(purpose),
            "paramsAllowed": ParameterRange.json(paramsAllowed),
        ]
    }

    /// The plan digest: SHA-256 of ``bytes``, so that `sha256sum manifest.json` shows it.
    package var digest: Digest { Hashing.sha256(bytes) }
}
