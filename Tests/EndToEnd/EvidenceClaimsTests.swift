import GloveboxCore
import GloveboxLinux
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
        for name in ["outcome", "outputs", "privacy", "usage", "keyRelease"] {
            #expect(start["predicate"]?[name] == nil)
        }
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

    @Test func `a report has the live child's namespaces, none of them the supervisor's, and its group's limits`()
        throws
    {
        let (_, report) = try payload("report.dsse.json", in: FreshEvidence.shared())
        let claims = try #require(report["predicate"])
        let readback = try #require(claims["jail"]?["readback"])
        let spaces = try #require(readback["namespaces"]?.object)
        for name in ["ipc", "mnt", "net", "pid", "user", "uts"] {
            let own = String(decoding: try Kernel.readLink("/proc/self/ns/" + name), as: UTF8.self).filter(\.isNumber)
            let number = try #require(spaces[name]?.string)
            #expect(!number.isEmpty && number.allSatisfy(\.isNumber) && number != own, "\(name) \(number)")
        }
        let limits = try #require(claims["invocation"]?["limits"])
        let memory = limits["memoryBytes"]?.string
        let weaker = claims["assurance"]?["weaker"]?.array?.compactMap(\.string) ?? []
        guard let group = readback["cgroup"] else {
            #expect(weaker.contains("control-groups"))
            return
        }
        #expect((group["memory.max"] ?? group["memory.limit_in_bytes"])?.string == memory, "\(group)")
        let processes = try #require(limits["pids"]?.string.flatMap { Int($0) })
        #expect(group["pids.max"]?.string == String(processes + 1), "\(group)")
    }

    @Test func `a report has the interpreter as it lies in the image`() throws {
        let evidence = try FreshEvidence.shared()
        let (_, report) = try payload("report.dsse.json", in: evidence)
        let program = try #require(report["predicate"]?["rootfs"]?["interpreter"])
        #expect(program["path"]?.string == "/usr/bin/python3")
        let image = try #require(report["predicate"]?["rootfs"]?["digest"]?["sha256"]?.string)
        let file = evidence.state + "/images/images/\(image).erofs"
        let root = evidence.state + "/unpacked"
        let unpacked = try TestPrograms.run("/usr/bin/fsck.erofs", ["--extract=" + root, file])
        try #require(unpacked.status == 0, "\(unpacked.output)")
        let sum = try TestPrograms.run("/usr/bin/sha256sum", [root + "/usr/bin/python3"]).output.prefix(64)
        #expect(program["digest"]?["sha256"]?.string == String(sum))
    }

    @Test func `a report tells the tick, no usage, who signed the policies, and no switch that was on`() throws {
        let evidence = try FreshEvidence.shared()
        let (_, report) = try payload("report.dsse.json", in: evidence)
        let claims = try #require(report["predicate"])
        #expect(claims["time"]?["monotonicNs"] == nil && claims["usage"]?.object?.names.isEmpty == true)
        #expect(claims["time"]?["tpm"] == nil && claims["quote"] == nil)
        let wall = try #require(claims["invocation"]?["limits"]?["wallSeconds"]?.string.flatMap { Int64($0) })
        let start = try #require(claims["time"]?["start"]?.string.flatMap { Instant($0) })
        let end = try #require(claims["time"]?["end"]?.string.flatMap { Instant($0) })
        #expect(end.seconds - start.seconds >= wall, "it follows from what the plan declares")
        let (_, trust) = try payload("trust-policy.dsse.json", in: evidence)
        let owners = trust["roles"]?.array?.filter { $0["role"]?.string == "owner" }.compactMap { $0["keyid"]?.string }
        for name in ["input", "processing", "output"] {
            let signer = try #require(claims["policies"]?[name]?["signer"]?.string)
            #expect(owners?.contains(signer) == true, "\(name)")
        }
        #expect(claims["assurance"]?["insecure"]?.array?.isEmpty == true)
        #expect(claims["assurance"]?["debug"]?.bool == false)
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
