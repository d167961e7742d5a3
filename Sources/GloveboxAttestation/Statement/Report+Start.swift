internal import GloveboxCore

extension Report {
    static let startProfile = "glovebox-start/1"

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
        for name in ["outcome", "outputs", "privacy", "usage", "keyRelease", "startStatement"] { claims[name] = nil }
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
        var fields = try JSONFields(predicate, at: "predicate")
        try fields.constant("profile", startProfile, code: "schema.version")
        let request: KeyRequest? = try fields.optionalObject("keyRequest")
        var time = try fields.nested("time")
        let start = try time.time("start")
        try time.finish()
        var claims = predicate.object ?? JSONObject()
        for name in ["outcome", "outputs", "usage", "keyRelease", "startStatement"] where claims[name] != nil {
            throw GloveboxError("schema.unknown-field", "predicate.\(name) is not known before a run")
        }
        claims["keyRequest"] = nil
        claims["profile"] = .string(profile)
        claims["outcome"] = .string(Outcome.interrupted.rawValue)
        claims["outputs"] = Outputs(released: [], withheld: [], disclosure: nil).json
        claims["usage"] = Usage().json
        claims["time"] = Time(start: start, end: start).json
        return (try Report(predicate: .object(claims)), request)
    }
}
