package import GloveboxCore

/// The owner's word on who may do which step, as an in-toto layout.
///
/// Source: attestation specification, section 10. No rule allows what a MATCH before it refused: every list ends in
/// DISALLOW.
package struct WorkflowLayout: Sendable {
    /// Ten years: how long a site keeps evidence.
    package static let retentionSeconds: Int64 = 3650 * 86400
    /// Key of the owner.
    package var owner: PersonKey
    /// Keys that may hand in code.
    package var researchers: [PersonKey]
    /// Keys that may review.
    package var reviewers: [PersonKey]
    /// The supervisor's key for links.
    package var supervisor: PersonKey
    /// How many reviewers must agree.
    package var threshold: UInt64
    /// Until when the layout may be used; consent ends where approvals say.
    package var expires: Instant

    /// Names everybody.
    package init(
        owner: PersonKey,
        researchers: [PersonKey],
        reviewers: [PersonKey],
        supervisor: PersonKey,
        threshold: UInt64,
        expires: Instant
    ) {
        self.owner = owner
        self.researchers = researchers
        self.reviewers = reviewers
        self.supervisor = supervisor
        self.threshold = threshold
        self.expires = Instant(seconds: expires.seconds)
    }

    /// The layout that the owner signs.
    package var bytes: [UInt8] {
        var keys = JSONObject()
        for key in [owner, supervisor] + researchers + reviewers { keys[key.keyID] = Self.json(key) }
        return CanonicalJSON.encode([
            "_type": "layout", "expires": .string(expires.text), "keys": .object(keys), "readme": "",
            "steps": .array(WorkflowStep.allCases.map(step)), "inspect": [Self.inspection],
        ])
    }

    private func step(_ step: WorkflowStep) -> JSONValue {
        let code = ["MATCH", "code/*", "WITH", "PRODUCTS", "FROM", step == .run ? "review" : "submit"]
        let data = ["MATCH", "data/*", "WITH", "PRODUCTS", "FROM", "onboard"]
        let policy = ["MATCH", "policy/*", "WITH", "PRODUCTS", "FROM", "onboard"]
        let (materials, products): ([[String]], [[String]]) =
            switch step {
            case .onboard: ([], [["ALLOW", "data/*"], ["ALLOW", "policy/*"]])
            case .submit: ([], [["ALLOW", "code/*"]])
            case .review: ([code, policy], [code, policy])
            case .run: ([code, data, policy], [["ALLOW", "outputs/*"]])
            case .release:
                (
                    [["MATCH", "outputs/*", "WITH", "PRODUCTS", "FROM", "run"], policy],
                    [["MATCH", "*", "WITH", "MATERIALS", "IN", "outputs", "FROM", "release"]]
                )
            }
        return [
            "_type": "step", "name": .string(step.rawValue), "expected_command": [],
            "expected_materials": Self.rules(materials), "expected_products": Self.rules(products),
            "pubkeys": .strings(keys(of: step).map(\.keyID)),
            "threshold": .integer(Int64(clamping: threshold(of: step))),
        ]
    }

    // Runs on the verifier's machine, so it runs nothing; what counts is that the files there are the released ones.
    private static let inspection: JSONValue = [
        "_type": "inspection", "name": "local", "run": ["true"],
        "expected_materials": rules([["MATCH", "*", "WITH", "PRODUCTS", "FROM", "release"]]), "expected_products": [],
    ]

    private static func rules(_ rules: [[String]]) -> JSONValue {
        .array((rules + [["DISALLOW", "*"]]).map(JSONValue.strings))
    }

    private static func json(_ key: PersonKey) -> JSONValue {
        [
            "keyid": .string(key.keyID), "keytype": "ed25519", "scheme": "ed25519",
            "keyval": ["public": .string(key.hex)],
        ]
    }
}

extension EvidenceFiles {
    /// Folder of the workflow's evidence.
    package static let workflow = "lay/"
    /// The owner's layout.
    package static let layout = "lay/root.layout"
    /// The owner's key, PEM.
    package static let ownerKey = "lay/owner.pub"

    /// Folder of the released files as the local inspection sees them.
    package static let inspected = "lay/wd/"
    /// What in-toto's inspection leaves in its working directory.
    package static let inspectionLink = "lay/wd/local.link"

    /// A released file as the local inspection sees it.
    package static func inspected(_ name: String) -> String { inspected + name }

    /// The file of a link, as in-toto names it.
    package static func link(_ step: WorkflowStep, _ envelope: Envelope) -> String {
        "lay/\(step.rawValue).\(envelope.keyID.prefix(8)).link"
    }
}
