import Foundation
import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// Whatever a stranger's tool refuses, our verifier refuses too.
@Suite(
    .enabled(
        if: ThirdParty.judge != nil,
        "GLOVEBOX_THIRD_PARTY is not set or holds no evidence tools; Deploy/test sets it"
    )
)
struct DifferentialTests {
    private static let tools = [
        "openssl_dgst", "openssl_chain", "openssl_ts", "securesystemslib", "sigstore", "in_toto", "token_cwt",
        "token_jwt", "tpm2_checkquote",
    ]

    @Test func `no tool refuses what we accept: every mutation, and bytes changed at random`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("judge-\(UUID().uuidString)").path
        defer { ThirdParty.remove(folder) }
        var ours: [String: Bool] = [:]
        func add(_ name: String, _ files: Scenario.Files, _ scenario: Scenario) throws {
            try ThirdParty.write(files, to: folder + "/" + name)
            ours[name] =
                ReportVerifier.verify(
                    evidence: files.evidence,
                    trust: files.trust,
                    results: scenario.results,
                    options: scenario.options
                ).isVerified
        }
        for (index, mutation) in Mutations.all.enumerated() {
            var scenario = Scenario()
            mutation.edit(&scenario)
            try add("mutation-\(index)", scenario.build(), scenario)
        }
        var quoted = Scenario()
        QuoteSpec().vouch(for: &quoted)
        try add("quoted", quoted.build(), quoted)
        let sound = Scenario()
        let files = try sound.build()
        try add("sound", files, sound)
        var random = SystemRandomNumberGenerator()
        let judged = Self.judged + files.evidence.keys.filter { $0.hasPrefix("lay/") }.sorted()
        for (index, name) in judged.enumerated() {
            for round in 0..<20 {
                guard var bytes = files.evidence[name], !bytes.isEmpty else { continue }
                bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                var changed = files
                changed.evidence[name] = bytes
                try add("random-\(index)-\(round)", changed, sound)
            }
        }
        let verdicts = try ThirdParty.verdicts(folder)
        #expect(Set(verdicts.keys) == Set(ours.keys))
        #expect(Set(verdicts["sound"] ?? []) == Set(Self.tools) && ours["sound"] == true)
        #expect(ours["quoted"] == true)
        for (name, accepted) in verdicts where ours[name] == true {
            #expect(Set(accepted) == Set(Self.tools), "\(name): only \(accepted) accept what we accept")
        }
        for tool in Self.tools {
            let refused = verdicts.filter { !$0.value.contains(tool) }.count
            let overlooked = verdicts.filter { $0.value.contains(tool) && ours[$0.key] == false }.count
            #expect(refused > 0 && overlooked > 0, "\(tool) refused \(refused) and overlooked \(overlooked)")
        }
    }

    @Test func `in-toto accepts a layout of two reviewers, and refuses one of them alone`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("judge-\(UUID().uuidString)").path
        defer { ThirdParty.remove(folder) }
        var scenario = Scenario()
        scenario.reviewers = [PersonSigner(), PersonSigner()]
        scenario.quorum = 2
        scenario.editTrust = { $0.approvalThreshold = 2 }
        let both = try scenario.build()
        let links = both.evidence.keys.filter { $0.hasPrefix("lay/review.") }.sorted()
        try #require(links.count == 2)
        try ThirdParty.write(both, to: folder + "/both")
        for (number, link) in links.enumerated() {
            var one = both
            one.evidence[link] = nil
            try ThirdParty.write(one, to: folder + "/without-\(number)")
        }
        // One reviewer's word under both names.
        var twice = both
        twice.evidence[links[0]] = both.evidence[links[1]]
        try ThirdParty.write(twice, to: folder + "/twice")
        let verdicts = try ThirdParty.verdicts(folder)
        #expect(Set(verdicts["both"] ?? []) == Set(Self.tools))
        for name in ["without-0", "without-1", "twice"] {
            #expect(verdicts[name]?.contains("in_toto") == false, "\(name)")
        }
    }

    private static let judged = [
        "report.dsse.json", "report.sigstore.json", "report.tsr", "att.pub", "leaf.pem", "inter.pem", "tsa.pem",
        "report.cwt", "report.jwt",
    ]
}

extension ThirdParty {
    /// The Python that holds the evidence tools.
    static var judge: String? {
        guard let tools = ProcessInfo.processInfo.environment["GLOVEBOX_THIRD_PARTY"] else { return nil }
        let python = tools + "/evidence/bin/python"
        return FileManager.default.isExecutableFile(atPath: python) ? python : nil
    }

    /// The tools that accept each directory below a folder.
    static func verdicts(_ folder: String) throws -> [String: [String]] {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        let run = try run(
            [
                judge ?? "python3", script + "/ThirdParty/judge", folder, Scenario.identity, Scenario.issuer,
                "table.csv",
            ],
            in: "/"
        )
        try #require(run.status == 0, "\(run.output)")
        var verdicts: [String: [String]] = [:]
        for line in run.output.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            verdicts[words[0]] = Array(words.dropFirst())
        }
        return verdicts
    }
}
