import GloveboxCore

@testable import GloveboxAttestation

extension Mutations {
    static let timestamps: [Mutation] = [
        .evidence("timestamp.missing", "no time stamp, and the site has an authority") {
            $0["report.tsr"] = nil
            $0["report.sigstore.json"] = nil
        },
        .evidence("timestamp.invalid", "a time stamp that is no DER") {
            $0["report.tsr"] = [0x30, 3, 1]
            $0["report.sigstore.json"] = nil
        },
        Mutation("timestamp.invalid", "an authority that refused") { $0.stamp.status = 2 },
        Mutation("timestamp.invalid", "a stamp over another signature") { $0.stamp.message = [1, 2, 3] },
        Mutation("timestamp.invalid", "a stamp by another key") { $0.stamp.key = SigningKey() },
        Mutation("timestamp.invalid", "a stamp that digests other facts") {
            $0.stamp.digest = Scenario.digest("x").bytes
        },
        Mutation("timestamp.invalid", "a stamp that names another certificate") {
            $0.stamp.certificateDigest = Scenario.digest("x").bytes
        },
        Mutation("timestamp.invalid", "a stamp that names no certificate") { $0.stamp.leaveCertificateOut = true },
        Mutation("timestamp.invalid", "a stamp of another signer") { $0.stamp.serial = [7] },
        Mutation("timestamp.invalid", "a stamp with two signers") { $0.stamp.twoSigners = true },
        Mutation("timestamp.invalid", "a signed message that is no time stamp") {
            $0.stamp.contentType = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]
        },
        Mutation("timestamp.invalid", "bytes after the time stamp") { $0.stamp.trailing = [0] },
        Mutation("timestamp.invalid", "a stamp from before the authority") {
            $0.stamp.time = Scenario.start.adding(seconds: -90_000)
        },
        Mutation("timestamp.outside-cert", "a stamp from after the leaf's life") {
            $0.stamp.time = Scenario.start.adding(seconds: 1000)
        },
        Mutation("timestamp.outside-cert", "a stamp from before the leaf's life") {
            $0.stamp.time = Scenario.start.adding(seconds: 40)
        },
        .evidence("timestamp.invalid", "another authority's certificate beside the report") {
            $0["tsa.pem"] = $0["root.pem"]
        },
    ]

    static let bundle: [Mutation] = [
        edited("schema.version", "another kind of bundle", "mediaType") { _ in
            "application/vnd.dev.sigstore.bundle.v0.2+json"
        },
        edited("schema.unknown-field", "a promise of inclusion", entry + ["inclusionPromise"]) { _ in [:] },
        edited("schema.unknown-field", "a time without proof", entry + ["integratedTime"]) { _ in "1780000061" },
        edited("schema.version", "another kind of entry", entry + ["kindVersion", "kind"]) { _ in "dsse" },
        edited("timestamp.missing", "no time stamp", stamps) { _ in [] },
        edited("schema.value", "two time stamps", stamps) { old in
            .array((old?.array ?? []) + (old?.array ?? []))
        },
        edited("schema.value", "two log entries", Array(entry.dropLast())) { old in
            .array((old?.array ?? []) + (old?.array ?? []))
        },
        edited("log.index", "another index than in its proof", entry + ["logIndex"]) { _ in "3" },
        edited("log.index", "an index beyond the tree", entry + ["logIndex"], entry + ["inclusionProof", "logIndex"]) {
            _ in "90"
        },
        edited("log.size", "another tree size than its checkpoint", entry + ["inclusionProof", "treeSize"]) { _ in "6"
        },
        edited("log.root-mismatch", "another root than its checkpoint", entry + ["inclusionProof", "rootHash"]) { _ in
            .string(Base64.encode(Scenario.digest("x").bytes))
        },
        edited("log.root-mismatch", "a proof with one hash changed", entry + ["inclusionProof", "hashes", "0"]) { _ in
            .string(Base64.encode(Scenario.digest("x").bytes))
        },
        edited("base64.invalid", "a hash that is too short", entry + ["inclusionProof", "hashes", "0"]) { _ in "AAAA" },
        edited("log.key", "another log's key", entry + ["logId", "keyId"]) { _ in
            .string(Base64.encode(Scenario.digest("x").bytes))
        },
        edited("log.entry-mismatch", "another log entry", entry + ["canonicalizedBody"]) { _ in "e30=" },
        edited("cert.chain", "another certificate", ["verificationMaterial", "certificate", "rawBytes"]) { _ in "e30="
        },
        edited("timestamp.invalid", "another time stamp", stamps + ["0", "signedTimestamp"]) { _ in "e30=" },
        edited("report.conflict", "another report", ["dsseEnvelope", "payload"]) { _ in "e30=" },
        edited("report.conflict", "another signature", ["dsseEnvelope", "signatures", "0", "sig"]) { _ in "e30=" },
        edited("envelope.signature-count", "no signature", ["dsseEnvelope", "signatures"]) { _ in [] },
    ]

    private static let entry = ["verificationMaterial", "tlogEntries", "0"]
    private static let stamps = ["verificationMaterial", "timestampVerificationData", "rfc3161Timestamps"]

    private static func edited(
        _ reason: String,
        _ name: String,
        _ path: String,
        change: @escaping @Sendable (JSONValue?) -> JSONValue?
    ) -> Mutation { edited(reason, name, [path], change: change) }

    private static func edited(
        _ reason: String,
        _ name: String,
        _ paths: [String]...,
        change: @escaping @Sendable (JSONValue?) -> JSONValue?
    ) -> Mutation {
        Mutation(reason, "a bundle with " + name) {
            $0.editBundle = { bundle in for path in paths { bundle.edit(path, change: change) } }
        }
    }
}
