import GloveboxCore
import GloveboxTransparency

@testable import GloveboxAttestation

extension Mutations {
    static let start: [Mutation] = [
        .evidence("start.missing", "no start statement") { $0["start.dsse.json"] = nil },
        .evidence("start.missing", "no certificate of the start statement") { $0["start.pem"] = nil },
        .report("start.digest", "a report that names another start statement") {
            $0.startStatement = Scenario.digest("x")
        },
        .report("start.digest", "a report that names no start statement") { $0.startStatement = nil },
        .evidence("start.signature", "a start statement signed by another key") {
            guard let bytes = $0["start.dsse.json"], let old = try? Envelope(parsing: bytes),
                let other = try? SigningKey().sign(old.payload)
            else { return }
            $0["start.dsse.json"] = other.bytes
        },
        .evidence("start.signature", "the report's leaf in place of the statement's") {
            $0["start.pem"] = $0["leaf.pem"]
        },
        statement("start.plan", "another plan") {
            $0.edit("subject", "0", "digest", "sha256") { _ in .string(Scenario.digest("x").hex) }
        },
        statement("statement.predicate-type", "another type") {
            $0.edit("predicateType") { _ in .string(PredicateType.report.rawValue) }
        },
        statement("schema.unknown-field", "an outcome") { $0.edit("predicate", "outcome") { _ in "released" } },
        statement("schema.unknown-field", "a claim nobody knows") { $0.edit("predicate", "extra") { _ in 1 } },
        statement("schema.missing-field", "a claim less") { $0.edit("predicate", "nonce") { _ in nil } },
        statement("start.mismatch", "another time") {
            $0.edit("predicate", "time", "start") { _ in "2026-01-01T00:00:00Z" }
        },
        differing("start.nonce", "another nonce") { $0.nonce = [UInt8](repeating: 5, count: 32) },
        differing("start.plan", "another core digest") { $0.coreDigest = Scenario.digest("x") },
        differing("start.job", "another job") { $0.jobID = "job_2" },
        differing("start.job", "another run") { $0.run = 2 },
        differing("boot.mismatch", "another run of the machine") { $0.attester.kernel.bootID = "another" },
        differing("start.mismatch", "another supervisor") { $0.attester.supervisor = Scenario.digest("x") },
        differing("start.mismatch", "another image") { $0.rootfs.digest = Scenario.digest("x") },
        differing("start.mismatch", "other code") { $0.code.files = Scenario.digest("x") },
        differing("start.mismatch", "other data") { $0.inputs[0].version = 2 },
        differing("start.mismatch", "another argument") { $0.invocation.argv.append("--all") },
        differing("start.mismatch", "another filter") { $0.jail.seccompBPF = [] },
        differing("start.mismatch", "another output policy") { $0.policies.output.version = 3 },
        differing("start.mismatch", "an approval that did not count") {
            let copy = $0.approvals[0]
            if let other = try? PersonSigner().sign(Array("{}".utf8)) {
                $0.approvals = [copy, Report.ApprovalRecord(other, role: "reviewer")]
            }
        },
        Mutation("cert.time", "a leaf from after the run") {
            $0.startSpec.leaf.now = Scenario.start.adding(seconds: 90)
        },
        Mutation("cert.identity", "a leaf of another attester") {
            $0.startSpec.leaf.attester = "https://other.example/attester"
        },
        Mutation("cert.chain", "a leaf under another CA") {
            $0.startSpec.leaf.parent = try? CertificateAuthority.makeRoot(site: "x", now: Scenario.start)
        },
        Mutation("cert.sct-missing", "a leaf without a certificate time stamp") {
            $0.startSpec.leaf.leaveTimestampOut = true
        },
        Mutation("key.wrong-role", "one leaf for the start and the report") { $0.startSpec.leaf = $0.leaf },
        .report("kbs.log-first", "no release of the key, and data was read") {
            $0.keyRelease = nil
        },
        .evidence("kbs.log-first", "the key's release is not shown") { $0["key.entry"] = nil },
        .evidence("input.io", "the key's release is not proven") { $0["key.tlog-proof"] = nil },
        .report("kbs.log-first", "the key's release is another entry") { $0.keyRelease = 2 },
        .evidence("kbs.log-first", "an entry that is no event of the report's") {
            $0["key.entry"] = $0["report.entry"]
            $0["key.tlog-proof"] = $0["report.tlog-proof"]
        },
        event("kbs.log-first", "another event", "event") { "key.created" },
        event("kbs.replay", "a key released to another job", "job") { "job_2" },
        event("kbs.evidence", "a key released for another plan", "plan") { Scenario.digest("x").hex },
        event("kbs.evidence", "a key released for another start statement", "start") { Scenario.digest("x").hex },
        event("boot.mismatch", "a key released in another run of the machine", "bootId") { "another" },
        .evidence("kbs.budget", "the payment for the key is not shown") { $0["budget.entry"] = nil },
        .evidence("input.io", "the payment for the key is not proven") { $0["budget.tlog-proof"] = nil },
        .evidence("log.root-mismatch", "a payment that the log does not have") {
            $0["budget.entry"] = $0["budget.entry"]?.replacing("job_1", "job_2")
        },
        event("kbs.budget", "a key whose release names another payment", "paid") { "2" },
        event("kbs.budget", "a key whose release names a payment after it", "paid") { "4" },
        event("kbs.budget", "a key released for another request than was paid for", "request") {
            Scenario.digest("x").hex
        },
        payment("another event", "event", "key.created"),
        payment("a charge for noise", "budget", "privacy"),
        payment("nothing paid", "amount", "0"),
        payment("the payment of another job", "job", "job_2"),
        payment("the payment of another run", "request", Scenario.digest("x").hex),
        .evidence("kbs.budget", "the key's release in place of the payment") {
            $0["budget.entry"] = $0["key.entry"]
            $0["budget.tlog-proof"] = $0["key.tlog-proof"]
        },
        checkpoint("kbs.replay", "a start statement from after the key's release", size: 4),
        Mutation("log.rollback", "a log that was longer at the start") {
            $0.startSpec.beganAt = 0
            $0.startSpec.editReport = { report, site in
                report.log.checkpoint =
                    try Checkpoint(origin: Scenario.origin, size: 3, root: Scenario.digest("x")).signed(by: site.log)
            }
            $0.editSiteReport = { report, site in
                report.log.startIndex = 0
                report.log.checkpoint =
                    try Checkpoint(origin: Scenario.origin, size: 2, root: Scenario.digest("x")).signed(by: site.log)
            }
        },
        Mutation("log.origin", "a start statement about another log") {
            $0.startSpec.editReport = { report, _ in report.log.origin = "log.other.example" }
        },
        broker("kbs.evidence", "a report that names another key of the broker", reported: "other"),
        broker("kbs.nonce", "a key for a start statement that asked for none") { $0.startSpec.request = nil },
        broker("kbs.evidence", "a key for another recipient than the start statement's") {
            $0.startSpec.request = Report.KeyRequest(nonce: recipient.nonce, hpkeKey: recipient.nonce)
        },
        broker("key.unknown", "a broker's key that the site never listed", listed: "other"),
        broker("key.expired", "a broker's key from before its time", from: 60),
        broker("key.expired", "a broker's key after its end", from: -60, to: 1),
    ]

    /// A key released under the broker's key "kek", two seconds after the start.
    static func broker(
        _ reason: String,
        _ name: String,
        reported: String = "kek",
        listed: String = "kek",
        from: Int64 = 0,
        to: Int64? = nil,
        _ edit: @escaping @Sendable (inout Scenario) -> Void = { _ in }
    ) -> Mutation {
        Mutation(reason, name) {
            $0.startSpec.request = recipient
            $0.editReport = {
                $0.keyBinding = Report.KeyBinding(
                    kekID: Scenario.digest(reported),
                    hpkeKey: Hashing.sha256(recipient.hpkeKey)
                )
            }
            $0.startSpec.editKeyEvent = { event in
                event.edit("unmapped", "glovebox", "kekId") { _ in .string(Scenario.digest("kek").hex) }
                event.edit("unmapped", "glovebox", "hpkeKey") { _ in .string(Hashing.sha256(recipient.hpkeKey).hex) }
            }
            $0.editTrust = { policy in
                policy.brokers = [
                    TrustedBroker(
                        Scenario.digest(listed),
                        validFrom: Scenario.start.adding(seconds: from),
                        validTo: to.map { Scenario.start.adding(seconds: $0) }
                    )
                ]
            }
            edit(&$0)
        }
    }

    private static let recipient = Report.KeyRequest(
        nonce: [UInt8](repeating: 1, count: 32),
        hpkeKey: [UInt8](repeating: 2, count: 32)
    )

    static let tokens: [Mutation] = [
        cwt("token.form", "bytes after it") { $0 + [0] },
        cwt("token.form", "nothing in it") { _ in [] },
        cwt("token.form", "an indefinite length") { $0.count > 1 ? [$0[0], 0x9f] + $0.dropFirst(2) + [0xff] : $0 },
        cwt("token.signature", "one bit of the signature changed") { $0.dropLast() + [$0[$0.count - 1] ^ 1] },
        signedCWT("token.nonce", "another nonce", .integer(10)) { .bytes([UInt8](repeating: 5, count: 32)) },
        signedCWT("token.profile", "another profile", .integer(265)) { .text("https://other.example/profile") },
        signedCWT("token.claims", "another issuer", .integer(1)) { .text("https://other.example") },
        signedCWT("token.claims", "an end of its life", .integer(4)) { .integer(1_900_000_000) },
        Mutation("token.algorithm", "a CWT with another algorithm") { scenario in
            let leaf = scenario.leaf
            let protected = CBOR.map([(.integer(1), .integer(-35))]).encoded
            scenario.editEvidence = { rebuild(&$0, leaf.key, protected: protected) }
        },
        Mutation("token.key", "a CWT that names another key") { scenario in
            let leaf = scenario.leaf
            scenario.editEvidence = { rebuild(&$0, leaf.key, keyID: [1, 2, 3]) }
        },
        .evidence("token.form", "a JWT of two parts") { $0["report.jwt"] = Array("e30.e30".utf8) },
        jwt("token.algorithm", "no algorithm", part: 0) { $0.edit("alg") { _ in "none" } },
        jwt("token.algorithm", "a symmetric algorithm", part: 0) { $0.edit("alg") { _ in "HS256" } },
        jwt("token.form", "a header that must be understood", part: 0) { $0.edit("crit") { _ in ["exp"] } },
        jwt("token.key", "another key", part: 0) { $0.edit("kid") { _ in "x" } },
        jwt("token.nonce", "another nonce", part: 1) { $0.edit("eat_nonce") { _ in "AAAA" } },
        jwt("token.profile", "another profile", part: 1) { $0.edit("eat_profile") { _ in "x" } },
        jwt("token.claims", "a debugger", part: 1) { $0.edit("dbgstat") { _ in "enabled" } },
        jwt("token.claims", "an end of its life", part: 1) { $0.edit("exp") { _ in 1_900_000_000 } },
        .evidence("token.signature", "a JWT signed by another key") {
            $0["report.jwt"] = signed(parts(of: $0["report.jwt"]), SigningKey())
        },
    ]

    private static func statement(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout JSONValue) -> Void
    ) -> Mutation { Mutation(reason, "a start statement with " + name) { $0.startSpec.editStatement = edit } }

    private static func differing(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout Report) -> Void
    ) -> Mutation {
        Mutation(reason, "a start statement with " + name) { $0.startSpec.editReport = { report, _ in edit(&report) } }
    }

    private static func event(
        _ reason: String,
        _ name: String,
        _ field: String,
        _ value: @escaping @Sendable () -> String
    ) -> Mutation {
        Mutation(reason, name) {
            $0.startSpec.editKeyEvent = { $0.edit("unmapped", "glovebox", field) { _ in .string(value()) } }
        }
    }

    private static func payment(_ name: String, _ field: String, _ value: String) -> Mutation {
        Mutation("kbs.budget", "a payment that is " + name) {
            $0.startSpec.editPayment = { $0.edit("unmapped", "glovebox", field) { _ in .string(value) } }
        }
    }

    private static func checkpoint(_ reason: String, _ name: String, size: UInt64) -> Mutation {
        Mutation(reason, name) {
            $0.startSpec.editReport = { report, site in
                report.log.checkpoint =
                    try Checkpoint(origin: Scenario.origin, size: size, root: Scenario.digest("x")).signed(by: site.log)
            }
        }
    }

    private static func cwt(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) -> Mutation {
        .evidence(reason, "a CWT with " + name) { $0["report.cwt"] = edit($0["report.cwt"] ?? []) }
    }

    private static func signedCWT(
        _ reason: String,
        _ name: String,
        _ label: CBOR,
        _ value: @escaping @Sendable () -> CBOR
    ) -> Mutation {
        Mutation(reason, "a CWT with " + name) { scenario in
            let leaf = scenario.leaf
            scenario.editEvidence = {
                rebuild(&$0, leaf.key) { claims in
                    claims.removeAll { $0.0.encoded == label.encoded }
                    claims.append((label, value()))
                }
            }
        }
    }

    // The CWT taken apart, changed, and signed again by the report's own leaf.
    private static func rebuild(
        _ files: inout [String: [UInt8]],
        _ key: SigningKey,
        protected: [UInt8] = AttestationToken.protectedHeader,
        keyID: [UInt8]? = nil,
        edit: (inout [(CBOR, CBOR)]) -> Void = { _ in }
    ) {
        guard let file = files["report.cwt"], case .tagged(18, .array(let parts))? = try? CBORReader.read(file),
            case .bytes(let payload) = parts[2], case .map(var claims)? = try? CBORReader.read(payload)
        else { return }
        edit(&claims)
        let changed = CBOR.map(claims).encoded
        let message = AttestationToken.toBeSigned(protected: protected, claims: changed)
        guard let der = try? key.signature(over: message), let raw = try? ECDSASignature.decode(der: der) else {
            return
        }
        let id = keyID.map { CBOR.map([(.integer(4), .bytes($0))]) } ?? parts[1]
        files["report.cwt"] = CBOR.tagged(18, .array([.bytes(protected), id, .bytes(changed), .bytes(raw)])).encoded
    }

    private static func jwt(
        _ reason: String,
        _ name: String,
        part: Int,
        _ edit: @escaping @Sendable (inout JSONValue) -> Void
    ) -> Mutation {
        Mutation(reason, "a JWT with " + name) { scenario in
            let leaf = scenario.leaf
            scenario.editEvidence = { files in
                var values = parts(of: files["report.jwt"])
                guard values.count > part, var value = try? JSONReader.read(values[part]) else { return }
                edit(&value)
                values[part] = CanonicalJSON.encode(value)
                files["report.jwt"] = signed(values, leaf.key)
            }
        }
    }

    private static func parts(of file: [UInt8]?) -> [[UInt8]] {
        (file ?? []).split(separator: UInt8(ascii: ".")).compactMap {
            Base64.decodeURL(String(decoding: $0, as: UTF8.self))
        }
    }

    private static func signed(_ parts: [[UInt8]], _ key: SigningKey) -> [UInt8] {
        let text = parts.prefix(2).map(Base64.encodeURL).joined(separator: ".")
        let der = (try? key.signature(over: Array(text.utf8))) ?? []
        let raw = (try? ECDSASignature.decode(der: der)) ?? []
        return Array((text + "." + Base64.encodeURL(raw)).utf8)
    }
}
