internal import GloveboxCore

extension Report {
    static let startProfile = "glovebox-start/1"
    private static let notKnownAtStart = [
        "outcome", "outputs", "privacy", "usage", "keyRelease", "startStatement",
    ]

    /// What a start statement asks a key broker for: signed, so that the answer goes to this run and to no other.
    package struct KeyRequest: Sendable, Hashable, Wire {
        /// The broker's nonce, 32 bytes.
        package let nonce: [UInt8]
        /// The X25519 public key that the data key is sealed to, 32 bytes.
        package let hpkeKey: [UInt8]

        /// Gathers a request.
        package init(nonce: [UInt8], hpkeKey: [UInt8]) {
            self.nonce = nonce
            self.hpkeKey = hpkeKey
        }

        var json: JSONValue {
            ["nonce": .string(Base64.encodeURL(nonce)), "hpkeKey": .string(Base64.encodeURL(hpkeKey))]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            nonce = try fields.random32("nonce")
            hpkeKey = try fields.random32("hpkeKey")
        }
    }

    /// The statement that is signed before a data key is asked for: what the report will say, as far as it is known.
    ///
    /// Outcome, outputs, usage, key release and the end of the run are not in it. Source: attestation specification,
    /// sections 1 and 11.
    package func start(_ request: KeyRequest? = nil) -> [UInt8] {
        var claims = predicate.object ?? JSONObject()
        for name in Self.notKnownAtStart { claims[name] = nil }
        claims["profile"] = .string(Self.startProfile)
        claims["time"] = ["start": .string(time.start.text)]
        claims["keyRequest"] = request?.json
        return Statement(
            .start,
            subjects: [Subject(name: "manifest.json", digest: manifestDigest)],
            predicate: .object(claims)
        ).bytes
    }

    /// Reads the predicate of a start statement as the report of a run that has not begun.
    ///
    /// - Throws: as ``init(predicate:)``.
    static func reading(start predicate: JSONValue) throws(GloveboxError) -> (report: Report, request: KeyRequest?) {
        let (start, request) = try startFields(predicate)
        var claims = predicate.object ?? JSONObject()
        claims["keyRequest"] = nil
        claims["profile"] = .string(profile)
        claims["outcome"] = .string(Outcome.interrupted.rawValue)
        claims["outputs"] = Outputs(released: [], withheld: [], disclosure: nil).json
        claims["usage"] = Usage().json
        claims["time"] = Time(start: start, end: start).json
        return (try Report(predicate: .object(claims)), request)
    }

    /// Reads the predicate of a start statement strictly; what only the end of the run shows is taken from its report.
    ///
    /// - Throws: as ``init(predicate:)``; `start.mismatch` for another time of the start.
    static func reading(
        start predicate: JSONValue,
        of report: Report
    ) throws(GloveboxError) -> (report: Report, request: KeyRequest?) {
        let (start, request) = try startFields(predicate)
        guard start == report.time.start else {
            throw GloveboxError("start.mismatch", "the start statement names another start than the report")
        }
        var claims = predicate.object ?? JSONObject()
        let later = report.predicate.object ?? JSONObject()
        claims["keyRequest"] = nil
        for name in notKnownAtStart + ["profile", "time"] { claims[name] = later[name] }
        return (try Report(predicate: .object(claims)), request)
    }

    /// What only a start statement has, once it is sure that it has nothing it cannot know.
    private static func startFields(
        _ predicate: JSONValue
    ) throws(GloveboxError) -> (start: Instant, request: KeyRequest?) {
        var fields = try JSONFields(predicate, at: "start")
        try fields.constant("profile", startProfile, code: "schema.version")
        for name in notKnownAtStart where fields.optional(name) != nil {
            throw GloveboxError("schema.unknown-field", "a start statement cannot know \(name)")
        }
        let request: KeyRequest? = try fields.optionalObject("keyRequest")
        var time = try fields.nested("time")
        let start = try time.time("start")
        try time.finish()
        return (start, request)
    }
}
