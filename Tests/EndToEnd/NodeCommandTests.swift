import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Nodes through the command line, as operator, auditor and researcher.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct NodeCommandTests {
    @Test func `a node asks, an operator approves, drains, resumes and removes it, an auditor looks on`() throws {
        let site = try APISite()
        defer { site.stop() }
        for (name, role) in [("aud", "auditor"), ("alice", "researcher"), ("owen", "owner")] {
            _ = try site.person(name, role)
        }
        let keys = site.state + "/node/keys"
        func glovebox(_ arguments: [String], as person: String? = nil) throws -> TestPrograms.Outcome {
            let login =
                person.map {
                    ["--server", site.url, "--ca", site.certificate, "--token-file", "\(site.state)/\($0).token"]
                }
                ?? ["--profile", site.state + "/operator"]
            return try TestPrograms.run("glovebox", ["node"] + arguments + login)
        }
        func list(as person: String? = nil) throws -> [JSONValue] {
            let outcome = try glovebox(["list", "--json"], as: person)
            try #require(outcome.status == 0, "\(outcome.output)")
            return try JSONReader.read(Array(outcome.output.utf8))["items"]?.array ?? []
        }
        func read(_ path: String) throws -> [UInt8] { try Descriptor.open(path, O_RDONLY).readAll(limit: 1 << 16) }
        func request(_ name: String) throws -> TestPrograms.Outcome {
            try TestPrograms.run("glovebox", ["node", "request", "--name", name, "--keys", keys])
        }

        #expect(try request("Blade 7").status != 0)
        let asked = try request("blade-7")
        try #require(asked.status == 0, "\(asked.output)")
        #expect(try FileStatus.of(keys + "/node.key").permissions == 0o600)
        let key = try read(keys + "/node.key")
        let csr = keys + "/node.csr"
        let verified = try TestPrograms.run("/usr/bin/openssl", ["req", "-in", csr, "-noout", "-verify", "-subject"])
        #expect(verified.status == 0 && verified.output.contains("blade-7"), "\(verified.output)")

        let file = keys + "/node.pem"
        for person in ["aud", "alice", "owen"] {
            #expect(try glovebox(["enroll", csr, "-o", file], as: person).status == 6, "\(person)")
        }
        #expect(unsafe access(file, F_OK) != 0)
        let enrolled = try glovebox(["enroll", csr, "--days", "30", "-o", file, "--json"])
        try #require(enrolled.status == 0, "\(enrolled.output)")
        let info = try JSONReader.read(Array(enrolled.output.utf8))
        let spki = try #require(info["key"]?.string)
        #expect(asked.output.contains(spki) && info["state"]?.string == "enrolled")
        // The site lets no node in, so it shows none a certificate.
        #expect(try read(keys + "/root.pem") == read(site.state + "/broker/root.pem"))
        #expect(unsafe access(keys + "/site.pem", F_OK) != 0)
        // What a TLS server of the site's root would say.
        let split = """
            cd \(keys) && awk '/BEGIN/{n++} {print > ("c" n ".pem")}' node.pem && test ! -e c3.pem &&
            openssl x509 -in c1.pem -noout -subject -ext extendedKeyUsage &&
            openssl verify -partial_chain -x509_strict -purpose sslclient -CAfile c2.pem c1.pem &&
            openssl x509 -in c1.pem -noout -pubkey > a.pub && openssl pkey -in node.key -pubout | cmp - a.pub
            """
        let chain = try TestPrograms.run("/bin/sh", ["-c", split])
        #expect(chain.status == 0 && chain.output.contains("TLS Web Client Authentication"), "\(chain.output)")

        for person in [nil, "aud"] as [String?] {
            let nodes = try list(as: person)
            #expect(nodes.map { $0["name"]?.string } == ["blade-7"] && nodes.first?["key"]?.string == spki)
        }
        #expect(try !glovebox(["list"]).output.contains("the certificate"))
        #expect(try glovebox(["enroll", csr, "--days", "10", "-o", file]).status == 0)
        #expect(try glovebox(["list"]).output.contains("the certificate of blade-7 ends in "))
        #expect(try glovebox(["list"], as: "alice").status == 6)
        #expect(try glovebox(["drain", "blade-7"]).status != 0, "a reason is needed")
        #expect(try glovebox(["drain", "blade-7", "--reason", "x"], as: "aud").status == 6)
        let drained = try glovebox(["drain", "blade-7", "--reason", "new disks"])
        #expect(drained.status == 0 && drained.output.contains("draining"), "\(drained.output)")
        #expect(try glovebox(["list"]).output.contains("new disks"))
        #expect(try glovebox(["drain", "blade-7", "--reason", "x"]).status == 10)
        try site.restart()
        #expect(try list().first?["state"]?.string == "draining")
        #expect(try glovebox(["resume", "blade-7", "--reason", "disks are in"]).status == 0)

        // Again, with the same key: another certificate of the same node.
        #expect(try request("blade-7").status == 0)
        #expect(try read(keys + "/node.key") == key)
        let renewed = try glovebox(["enroll", csr, "-o", file, "--json"])
        let again = try JSONReader.read(Array(renewed.output.utf8))
        #expect(again["key"]?.string == spki && again["enrolled"]?.string == info["enrolled"]?.string)
        #expect(again["expires"]?.string != info["expires"]?.string)

        #expect(try glovebox(["remove", "blade-7", "--reason", "sold"]).status == 0)
        #expect(try list(as: "aud").map { $0["state"]?.string } == ["removed"])
        let back = try glovebox(["enroll", csr, "-o", file])
        #expect(back.status == 6 && back.output.contains("key.revoked"), "\(back.output)")
        // A key that others can read is not used.
        #expect(unsafe chmod(keys + "/node.key", 0o644) == 0)
        #expect(try request("blade-7").status != 0)
    }
}
