internal import GloveboxCore
internal import GloveboxTransparency

extension SigstoreBundle {
    /// What a bundle holds, read but not believed.
    struct Parts {
        /// The signed report.
        let envelope: Envelope
        /// Certificate of the leaf, DER.
        let certificate: [UInt8]
        /// RFC 3161 response, DER.
        let timestamp: [UInt8]
        /// The log entry's exact bytes.
        let entry: [UInt8]
        /// Key id of the log.
        let logID: [UInt8]
        /// Index, hashes and checkpoint.
        let proof: TlogProof
        /// Size of the tree as the bundle repeats it.
        let treeSize: UInt64
        /// Root of the tree as the bundle repeats it.
        let root: [UInt8]
    }

    /// Reads a bundle in exactly the form that ``make(_:certificate:timestamp:entry:proof:log:)`` writes: one signature,
    /// one entry, one time stamp, and no member besides.
    ///
    /// - Throws: codes of the strict reader and of ``Envelope``; `schema.version`, `timestamp.missing`, `log.index` when the
    ///   two indexes differ, `schema.value` for more than one entry or time stamp.
    static func parse(_ bytes: [UInt8]) throws(GloveboxError) -> Parts {
        var top = try JSONFields(JSONReader.read(bytes), at: "bundle")
        try top.constant("mediaType", mediaType, code: "schema.version")
        let envelope = try Envelope(reading: top.required("dsseEnvelope"))
        var material = try top.nested("verificationMaterial")
        try top.finish()
        var certificate = try material.nested("certificate")
        let leaf = try certificate.base64("rawBytes")
        try certificate.finish()
        var stamps = try material.nested("timestampVerificationData")
        let timestamp = try single(stamps.array("rfc3161Timestamps"), "time stamp", missing: "timestamp.missing")
        try stamps.finish()
        let logged = try single(material.array("tlogEntries"), "log entry", missing: "schema.missing-field")
        try material.finish()
        var stamp = try JSONFields(timestamp, at: "bundle.timestamp")
        let response = try stamp.base64("signedTimestamp")
        try stamp.finish()
        return try entry(JSONFields(logged, at: "bundle.tlogEntry"), envelope, leaf, response)
    }

    private static func entry(
        _ logged: consuming JSONFields,
        _ envelope: Envelope,
        _ certificate: [UInt8],
        _ timestamp: [UInt8]
    ) throws(GloveboxError) -> Parts {
        var entry = logged
        let index = try entry.decimal("logIndex")
        var log = try entry.nested("logId")
        let logID = try log.base64("keyId")
        try log.finish()
        var kind = try entry.nested("kindVersion")
        try kind.constant("kind", HashedRekord.kind, code: "schema.version")
        try kind.constant("version", HashedRekord.version, code: "schema.version")
        try kind.finish()
        let body = try entry.base64("canonicalizedBody")
        var inclusion = try entry.nested("inclusionProof")
        try entry.finish()
        guard try inclusion.decimal("logIndex") == index else {
            throw GloveboxError("log.index", "the bundle names two indexes for one log entry")
        }
        var hashes: [Digest] = []
        for text in try inclusion.strings("hashes") {
            guard let hash = Base64.decode(text).flatMap({ Digest(bytes: $0) }) else {
                throw GloveboxError("base64.invalid", "a hash of the bundle is not 32 bytes in strict base64")
            }
            hashes.append(hash)
        }
        var checkpoint = try inclusion.nested("checkpoint")
        let note = Array(try checkpoint.string("envelope").utf8)
        try checkpoint.finish()
        let (size, root) = (try inclusion.decimal("treeSize"), try inclusion.base64("rootHash"))
        try inclusion.finish()
        return Parts(
            envelope: envelope,
            certificate: certificate,
            timestamp: timestamp,
            entry: body,
            logID: logID,
            proof: TlogProof(index: index, hashes: hashes, checkpoint: note),
            treeSize: size,
            root: root
        )
    }

    private static func single(
        _ values: [JSONValue],
        _ what: String,
        missing: String
    ) throws(GloveboxError) -> JSONValue {
        guard let value = values.first else { throw GloveboxError(missing, "the bundle has no \(what)") }
        guard values.count == 1 else { throw GloveboxError("schema.value", "the bundle has more than one \(what)") }
        return value
    }
}
