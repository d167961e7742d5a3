import GloveboxCore
import GloveboxTransparency
import Testing

@testable import GloveboxAttestation

@Suite struct TrustTests {
    private func files(_ site: Site, _ policy: TrustPolicy) throws -> TrustFiles {
        let keys = SiteKeys(
            log: site.log.key,
            root: site.root.certificate,
            platform: site.platform.certificate,
            timestamps: site.timestamps.publicKey,
            validFrom: Scenario.start
        )
        return try TrustFiles.make(site: keys, policy: policy, root: site.root)
    }

    private func policy(_ site: Site) -> TrustPolicy {
        let attester = TrustedAttester(
            identity: Scenario.identity,
            issuer: Scenario.issuer,
            caKeyIdentifier: site.platform.subjectKeyIdentifier
        )
        let reference = ReferenceValues(
            supervisors: [Scenario.digest("s")],
            launchers: [Scenario.digest("l")],
            mapped: [Scenario.digest("m")],
            minSVN: 3,
            seccompBPF: [Scenario.digest("b")]
        )
        return TrustPolicy(attesters: [attester], reference: reference, approvalThreshold: 2, accept: ["x"])
    }

    /// Each with what the strict reader says of it; all begin as an object.
    private static let looseJSON: [(code: String, bytes: [UInt8])] = [
        ("json.duplicate-key", Array(#"{"a":1,"\u0061":1}"#.utf8)), ("json.trailing", Array(#"{"a":1}{"#.utf8)),
        ("json.number", Array(#"{"a":1.5}"#.utf8)), ("json.number", Array(#"{"a":-0}"#.utf8)),
        ("json.number", Array(#"{"a":9007199254740992}"#.utf8)),
        ("json.syntax", [0xef, 0xbb, 0xbf] + Array(#"{"a":1}"#.utf8)),
        ("json.encoding", Array(#"{"a":""#.utf8) + [0xff] + Array(#""}"#.utf8)),
        ("json.depth", Array(#"{"a":"#.utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 100)),
        (
            "input.too-large",
            Array(#"{"a":["#.utf8) + Array(repeatElement(Array("0,".utf8), count: 100_000).joined()) + Array("0]}".utf8)
        ),
    ]

    @Test func `bundle, trust policy and both sigstore files are read strictly`() throws {
        let site = try Site()
        let made = try files(site, policy(site))
        let good = Dictionary(uniqueKeysWithValues: made.files.map { ($0.name, $0.bytes) })
        _ = try TrustStore(good)
        let readers: [(String, ([UInt8]) throws -> Void)] = [
            ("bundle", { _ = try SigstoreBundle.parse($0) }), ("policy", { _ = try TrustPolicy.read($0) }),
            ("root", { _ = try TrustStore(good.merging([TrustFiles.Name.trustedRoot: $0]) { $1 }) }),
            ("config", { _ = try TrustStore(good.merging([TrustFiles.Name.trustConfig: $0]) { $1 }) }),
        ]
        for (name, read) in readers {
            for (code, bytes) in Self.looseJSON {
                let what = "\(name): \(String(decoding: bytes.prefix(40), as: UTF8.self))"
                #expect(throws: GloveboxError(code, ""), "\(what)") { try read(bytes) }
            }
        }
    }

    @Test func `enrolling a key gives the next version, chained to the one before`() throws {
        let site = try Site()
        let first = try files(site, policy(site))
        var (current, digest) = try TrustPolicy.open(first.trustPolicy, root: site.root.key.publicKey)
        #expect(current.version == 1)
        #expect(current.previous == .zero)
        #expect(digest == first.policyDigest)

        current.roles.append(
            RoleKey(.reviewer, account: "acc_1", key: PersonSigner().publicKey, validFrom: Scenario.start)
        )
        let second = try files(site, current.next(after: digest))
        let again = try TrustPolicy.open(second.trustPolicy, root: site.root.key.publicKey)
        #expect(again.policy.version == 2)
        #expect(again.policy.previous == first.policyDigest)
        #expect(again.policy.roles.map(\.account) == ["acc_1"])
        #expect(again.policy.reference.minSVN == 3)
        #expect(again.policy.approvalThreshold == 2)
        #expect(first.trustedRoot == second.trustedRoot)
    }

    @Test func `refuses a policy that the root did not sign`() throws {
        let site = try Site()
        let made = try files(site, policy(site))
        #expect(throws: GloveboxError("trust.signature", "")) {
            try TrustPolicy.open(made.trustPolicy, root: SigningKey().publicKey)
        }
        #expect(throws: GloveboxError("envelope.payload-type", "")) {
            try TrustPolicy.open(PersonSigner().sign([]).bytes, root: site.root.key.publicKey)
        }
    }

    @Test func `a role's key id must be its key's`() throws {
        let site = try Site()
        var draft = policy(site)
        draft.roles = [RoleKey(.owner, account: "a", key: PersonSigner().publicKey, validFrom: Scenario.start)]
        let made = try files(site, draft)
        let envelope = try Envelope(parsing: made.trustPolicy, expecting: TrustPolicy.payloadType)
        var value = try JSONReader.read(envelope.payload)
        value.edit("roles", "0", "keyid") { _ in .string(PersonSigner().publicKey.keyID) }
        #expect(throws: GloveboxError("schema.value", "")) { try TrustPolicy.read(CanonicalJSON.encode(value)) }
    }

    @Test func `a CA taken up from its files is the same CA`() throws {
        let site = try Site()
        let again = try CertificateAuthority(certificatePEM: site.platform.pem, keyPEM: site.platform.key.pem)
        #expect(again.certificate == site.platform.certificate)
        #expect(throws: GloveboxError("cert.chain", "")) {
            try CertificateAuthority(certificatePEM: site.platform.pem, keyPEM: site.root.key.pem)
        }
    }

    @Test func `the sigstore files name the keys as the specification says`() throws {
        let site = try Site()
        let made = try files(site, policy(site))
        let root = try JSONReader.read(made.trustedRoot)
        #expect(root["mediaType"] == "application/vnd.dev.sigstore.trustedroot+json;version=0.1")
        let log = root["tlogs"]?.array?.first
        #expect(log?["baseUrl"] == "https://log.datasite.example")
        #expect(log?["publicKey"]?["keyDetails"] == "PKIX_ED25519")
        #expect(log?["logId"]?["keyId"]?.string == Base64.encode(site.log.key.logID))
        let config = try JSONReader.read(made.trustConfig)
        #expect(config["trustedRoot"] == root)
        #expect(config["signingConfig"]?["rekorTlogUrls"]?.array?.first?["majorApiVersion"] == 2)
        #expect(String(decoding: made.logPolicy, as: UTF8.self).hasSuffix("\nquorum none\n"))
        #expect(
            made.files.map(\.name) == [
                "trusted_root.json", "trust_config.json", "trust-policy.dsse.json", "tlog.policy",
            ]
        )
    }

    @Test func `every byte of every file counts`() throws {
        let scenario = Scenario()
        let files = try scenario.build()
        var random = SystemRandomNumberGenerator()
        for (name, bytes) in files.evidence.merging(files.trust, uniquingKeysWith: { $1 }) {
            for _ in 0..<8 {
                let place = Int.random(in: bytes.indices, using: &random)
                var changed = bytes
                changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                // The key id of an envelope is a hint that nothing authenticates.
                if Self.isSameEnvelope(bytes, changed) { continue }
                var evidence = files.evidence
                var trust = files.trust
                if evidence[name] != nil { evidence[name] = changed } else { trust[name] = changed }
                let verdict = ReportVerifier.verify(
                    evidence: evidence,
                    trust: trust,
                    results: scenario.results,
                    options: scenario.options
                )
                #expect(!verdict.isVerified, "\(name) byte \(place) \(bytes[place]) -> \(changed[place])")
            }
        }
    }

    private static func isSameEnvelope(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        for type in [DSSE.statementType, TrustPolicy.payloadType] {
            if let left = try? Envelope(parsing: left, expecting: type),
                let right = try? Envelope(parsing: right, expecting: type)
            {
                return left.payload == right.payload && left.signature == right.signature
            }
        }
        return false
    }
}
