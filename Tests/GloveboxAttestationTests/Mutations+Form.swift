import GloveboxCore

@testable import GloveboxAttestation

/// The tables of wrong directories, by stage.
enum Mutations {
    static let form: [Mutation] = [
        .evidence("json.depth", "an envelope deeper than any reader goes") {
            $0["report.dsse.json"] = [UInt8](repeating: UInt8(ascii: "["), count: 100)
        },
        Mutation("input.nothing-to-compare", "no plan and no expected code") {
            $0.editEvidence = { $0["manifest.json"] = nil }
        },
        .evidence("input.io", "no log proof") { $0["report.tlog-proof"] = nil },
        .evidence("input.io", "no certificate") { $0["leaf.pem"] = nil },
        .evidence("input.too-large", "a file of 11 MB") { $0["other"] = [UInt8](repeating: 0, count: 11_000_000) },
        Mutation("json.duplicate-key", "the payload has a member twice") {
            $0.editPayload = { $0 = $0.replacing("{\"_type\"", "{\"_type\":\"x\",\"_type\"") }
        },
        Mutation("json.not-canonical", "the payload has a space") {
            $0.editPayload = { $0 = $0.replacing("{\"_type\":", "{\"_type\": ") }
        },
        Mutation("json.trailing", "bytes follow the payload") { $0.editPayload = { $0 += [0x7b] } },
        Mutation("json.number", "the payload has a fraction") {
            $0.editPayload = { $0 = $0.replacing("{\"_type\":", "{\"_typf\":1.5,\"_type\":") }
        },
        Mutation("json.encoding", "the payload is not UTF-8") { $0.editPayload = { $0[3] = 0xff } },
        .statement("schema.unknown-field", "an unknown claim") { $0.edit("predicate", "note") { _ in "x" } },
        .statement("schema.missing-field", "no outcome") { $0.edit("predicate", "outcome") { _ in nil } },
        .statement("schema.version", "a newer profile") {
            $0.edit("predicate", "profile") { _ in "glovebox-report/2" }
        },
        .statement("schema.value", "an unknown outcome") { $0.edit("predicate", "outcome") { _ in "fine" } },
        Mutation("base64.invalid", "the signature is not base64") {
            $0.editEnvelope = { $0 = $0.replacing("\"sig\":\"", "\"sig\":\"*") }
        },
        Mutation("schema.unknown-field", "a certificate inside the envelope") {
            $0.editEnvelope = { $0 = $0.replacing("{\"payload\"", "{\"cert\":\"\",\"payload\"") }
        },
        Mutation("envelope.payload-type", "another payload type") {
            $0.editEnvelope = { $0 = $0.replacing("vnd.in-toto", "vnd.other") }
        },
        Mutation("envelope.signature-count", "two signatures") {
            $0.editEnvelope = { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                guard let start = text.firstRange(of: "[{")?.lowerBound else { return }
                let one = text[start...].dropFirst().dropLast(2)
                bytes = Array((text.prefix(upTo: start) + "[\(one),\(one)]}").utf8)
            }
        },
        Mutation("envelope.signature-count", "no signature") {
            $0.editEnvelope = { bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                guard let start = text.firstRange(of: "[{")?.lowerBound else { return }
                bytes = Array((text.prefix(upTo: start) + "[]}").utf8)
            }
        },
        Mutation("envelope.signature-encoding", "a signature that is no DER") {
            $0.editEnvelope = { resign(&$0) { _ in [UInt8](repeating: 1, count: 64) } }
        },
        Mutation("envelope.signature-invalid", "one bit of the signature") {
            $0.editEnvelope = { resign(&$0) { $0.dropLast() + [($0.last ?? 0) ^ 1] } }
        },
        Mutation("envelope.signature-invalid", "one character of the payload") {
            $0.editEnvelope = { bytes in
                repay(&bytes) { $0.replacing("\"jobId\":\"job_1\"", "\"jobId\":\"job_2\"") }
            }
        },
        .evidence("envelope.algorithm", "another public key beside the report") {
            $0["att.pub"] = SigningKey().publicKey.pem
        },
        .statement("statement.type", "an older statement") {
            $0.edit("_type") { _ in "https://in-toto.io/Statement/v0" }
        },
        .statement("statement.predicate-type", "another predicate") {
            $0.edit("predicateType") { _ in "https://glovebox.example/attestation/start/v1" }
        },
        .statement("statement.no-subject", "no subject") { $0.edit("subject") { _ in [] } },
        .statement("statement.subject-name", "the plan under another name") {
            $0.edit("subject", "0", "name") { _ in "plan.json" }
        },
        .statement("statement.subject-name", "an output that climbs out") {
            $0.edit("subject", "2", "name") { _ in "outputs/../x" }
        },
        .statement("statement.subject-digest", "another plan as subject") {
            $0.edit("subject", "0", "digest") { _ in Scenario.digest("x").json }
        },
        .evidence("statement.subject-digest", "another plan beside the report") {
            $0["manifest.json"] = Scenario.manifest().bytes
        },
    ]

    /// Replaces the signature inside an envelope file.
    private static func resign(_ bytes: inout [UInt8], _ change: ([UInt8]) -> [UInt8]) {
        guard let old = try? Envelope(parsing: bytes) else { return }
        bytes =
            Envelope(
                payloadType: old.payloadType,
                payload: old.payload,
                keyID: old.keyID,
                signature: change(old.signature)
            ).bytes
    }

    /// Replaces the payload inside an envelope file and keeps the signature.
    private static func repay(_ bytes: inout [UInt8], _ change: ([UInt8]) -> [UInt8]) {
        guard let old = try? Envelope(parsing: bytes) else { return }
        bytes =
            Envelope(
                payloadType: old.payloadType,
                payload: change(old.payload),
                keyID: old.keyID,
                signature: old.signature
            ).bytes
    }
}
