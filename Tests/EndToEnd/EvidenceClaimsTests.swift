import GloveboxCore
import TestSupport
import Testing

/// What the evidence of a fresh job claims, read with nothing but JSON.
struct EvidenceClaimsTests {
    private func payload(_ file: String, in evidence: FreshEvidence) throws -> ([UInt8], JSONValue) {
        let envelope = try JSONReader.read(LogOnDisk.read(evidence.directory + "/" + file))
        let bytes = try #require(envelope["payload"]?.string.flatMap(Base64.decode))
        return (bytes, try JSONReader.readCanonical(bytes))
    }

    @Test func `a start statement is signed before the data key leaves, and the report names it`() throws {
        let evidence = try FreshEvidence.shared()
        let (bytes, start) = try payload("start.dsse.json", in: evidence)
        let (_, report) = try payload("report.dsse.json", in: evidence)
        #expect(start["predicateType"]?.string == "https://glovebox.example/attestation/start/v1")
        for name in ["outcome", "outputs", "usage", "keyRelease"] { #expect(start["predicate"]?[name] == nil) }
        for name in ["nonce", "jobId", "manifestDigest", "code", "approvals", "attester"] {
            #expect(
                start["predicate"]?[name] != nil && start["predicate"]?[name] == report["predicate"]?[name],
                "\(name)"
            )
        }
        // What the job was shown is known when the key has left.
        let before = try #require(start["predicate"]?["inputs"]?.array?.first)
        var after = try #require(report["predicate"]?["inputs"]?.array?.first?.object)
        #expect(before["view"] == nil && after["view"] != nil)
        after["view"] = nil
        #expect(before == .object(after))
        try LogOnDisk.write(bytes, evidence.state + "/start.payload")
        let sum = try TestPrograms.run("/usr/bin/sha256sum", [evidence.state + "/start.payload"]).output.prefix(64)
        #expect(report["predicate"]?["startStatement"]?["sha256"]?.string == String(sum))
        // The public event of the key names the statement, so it was there first.
        let tiles = try TestPrograms.run("/bin/grep", ["-rqa", "\"start\":\"\(sum)\"", evidence.state + "/log/tile"])
        #expect(tiles.status == 0)
    }

    @Test func `a report names every program mapped, five empty capability sets, and what is not proven`() throws {
        let (_, report) = try payload("report.dsse.json", in: FreshEvidence.shared())
        let claims = try #require(report["predicate"])
        let mapped = claims["attester"]?["mapped"]?.array?.compactMap { $0["path"]?.string } ?? []
        #expect(mapped.contains { $0.hasSuffix("/gloveboxd") } && mapped.contains { $0.contains("/libcrypto.so") })
        let sets = claims["jail"]?["readback"]?["capabilities"]?.object
        #expect(sets?.names == ["CapAmb", "CapBnd", "CapEff", "CapInh", "CapPrm"])
        for member in sets?.members ?? [] { #expect(member.value.string?.allSatisfy { $0 == "0" } == true) }
        let open = claims["assurance"]?["notProven"]?.array?.compactMap(\.string) ?? []
        #expect(open.contains("host-root-honest") && open.contains("separate-time-stamp"))
        #expect(!open.contains("workflow"))
    }

    @Test func `withheld outputs stand nowhere by name, size or plain digest`() throws {
        let evidence = try FreshEvidence.shared()
        let jobs = try TestPrograms.run("/bin/bash", ["-c", "ls -d \(evidence.state)/demo/job_*/lay"]).output
        #expect(!jobs.isEmpty)
        for line in jobs.split(separator: "\n") {
            let links = try TestPrograms.run("/bin/bash", ["-c", "jq -r .payload \(line)/run.*.link | base64 -d"])
                .output
            let products = try JSONReader.read(Array(links.utf8))["products"]?.object?.names ?? []
            #expect(products.allSatisfy { $0.hasPrefix("outputs/withheld-") && $0.hasSuffix(".commit") }, "\(products)")
        }
    }

    @Test func `every step of the owner's layout ends its rules with DISALLOW`() throws {
        let state = try FreshEvidence.shared().state
        let layout = try JSONReader.read(LogOnDisk.read(state + "/release/lay/root.layout"))
        let text = try #require(layout["payload"]?.string.flatMap(Base64.decode))
        let steps = try JSONReader.read(text)["steps"]?.array ?? []
        #expect(steps.compactMap { $0["name"]?.string } == ["onboard", "submit", "review", "run", "release"])
        for step in steps {
            for rules in ["expected_materials", "expected_products"] {
                #expect(step[rules]?.array?.last?.array?.compactMap(\.string) == ["DISALLOW", "*"])
            }
        }
    }
}
