import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Client certificates through the command line, and through curl from outside.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct CertificateTests {
    /// An authority for client certificates in a directory.
    private struct Authority {
        let directory: String
        var file: String { directory + "/people.pem" }

        init() throws {
            directory = try TestPrograms.scratch()
            try openssl(
                ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
                    + ["-subj", "/CN=people", "-keyout", directory + "/people.key", "-out", file]
            )
        }

        /// Certifies a key, which is made when there is none.
        func certify(_ name: String, key: String? = nil) throws -> (certificate: String, key: String) {
            let files = (certificate: "\(directory)/\(name).pem", key: "\(directory)/\(key ?? name).key")
            if key == nil {
                try openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", files.key])
            }
            let request = files.certificate + ".csr"
            try openssl(["req", "-new", "-key", files.key, "-subj", "/CN=\(name)", "-out", request])
            try openssl(
                ["x509", "-req", "-in", request, "-CA", file, "-CAkey", directory + "/people.key", "-CAcreateserial"]
                    + ["-days", "2", "-out", files.certificate]
            )
            return files
        }

        private func openssl(_ arguments: [String]) throws {
            let made = try TestPrograms.run("/usr/bin/openssl", arguments)
            try #require(made.status == 0, "\(made.output)")
        }
    }

    @Test func `a certificate's key is bound to an account with proof, and ends when it is revoked`() throws {
        let authority = try Authority()
        let site = try APISite(clients: authority.file, certified: "reviewer")
        defer { site.stop() }
        let token = try site.person("rita", "reviewer")
        let alice = try site.person("alice", "researcher")
        let rita = try authority.certify("rita")
        let other = try authority.certify("other")
        let socket = ["--profile", site.state + "/operator"]
        let tls = ["--server", site.url, "--ca", site.certificate, "--token-file", site.state + "/rita.token"]
        func glovebox(_ arguments: [String]) throws -> TestPrograms.Outcome {
            try TestPrograms.run("glovebox", arguments, environment: ["GLOVEBOX_CONFIG=\(site.state)/people"])
        }
        /// The status of `whoami` as curl gets it.
        func status(_ token: String, _ files: (certificate: String, key: String)?) throws -> String {
            let shown = files.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []
            return try TestPrograms.run(
                "/usr/bin/curl",
                shown + ["--silent", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", site.certificate, "-H"]
                    + ["Authorization: Bearer " + token, site.url + "/glovebox/v1/whoami"]
            ).output
        }
        let shown = ["--client-cert", rita.certificate, "--client-key", rita.key]
        let early = try glovebox(["whoami"] + tls + shown)
        #expect(early.status == 6 && early.output.contains("auth.certificate"), "\(early.output)")

        // Through the operator, since the role lets nobody in without.
        let who = try glovebox(["whoami", "--json", "--token-file", site.state + "/rita.token"] + socket)
        let account = try #require(try JSONReader.read(Array(who.output.utf8))["account"]?.string, "\(who.output)")
        let request = site.state + "/rita.request"
        let mine = ["certificate", "request", "--account", account, "-o", request]
        let stolen = try glovebox(mine + ["--client-cert", rita.certificate, "--client-key", other.key])
        #expect(stolen.status != 0 && stolen.output.contains("not that of the certificate"), "\(stolen.output)")
        let written = try glovebox(mine + shown)
        #expect(written.status == 0, "\(written.output)")
        let byAlice = try glovebox(
            ["certificate", "enroll", "--request", request, "--server", site.url, "--ca", site.certificate]
                + ["--token-file", site.state + "/alice.token"]
        )
        #expect(byAlice.status == 10, "\(byAlice.output)")
        let forged = try String(
            decoding: Descriptor.open(request, O_RDONLY).readAll(limit: 10000),
            as: UTF8.self
        ).replacing(account, with: "acc_" + account.dropFirst(4).reversed())
        try Descriptor.open(request + ".forged", O_WRONLY | O_CREAT, mode: 0o600).write(Array(forged.utf8))
        #expect(try glovebox(["certificate", "enroll", "--request", request + ".forged"] + socket).status == 10)
        let enrolled = try glovebox(["certificate", "enroll", "--request", request, "--json"] + socket)
        #expect(enrolled.status == 0, "\(enrolled.output)")
        let spki = try #require(try JSONReader.read(Array(enrolled.output.utf8))["spki"]?.string)
        #expect(try glovebox(["certificate", "enroll", "--request", request] + socket).status == 10)

        // What counts is the key, in whatever certificate of the authority.
        #expect(try status(token, rita) == "200")
        #expect(try status(token, authority.certify("anew", key: "rita")) == "200")
        #expect(try status(token, other) == "403")
        #expect(try status(alice, nil) == "200")
        let login = ["login", site.url, "--ca", site.certificate, "--token-file", site.state + "/rita.token"]
        let kept = try glovebox(login + shown + ["--profile", "rita"])
        #expect(kept.status == 0, "\(kept.output)")
        #expect(try glovebox(["certificate", "list", "--profile", "rita"]).output.contains(spki))

        // A token for the one connection.
        let made = try glovebox(
            ["token", "create", "--bound", "--token-out", site.state + "/bound.token", "--profile", "rita"]
        )
        #expect(made.status == 0, "\(made.output)")
        let bound = String(
            decoding: try Descriptor.open(site.state + "/bound.token", O_RDONLY).readAll(limit: 1000).dropLast(),
            as: UTF8.self
        )
        #expect(try status(bound, rita) == "200")
        #expect(try status(bound, nil) == "403")
        #expect(try glovebox(["whoami", "--token-file", site.state + "/bound.token"] + socket).status == 6)

        let ended = try glovebox(["certificate", "revoke", spki, "--account", account] + socket)
        #expect(ended.status == 0 && ended.output.contains("revoked"), "\(ended.output)")
        #expect(try status(token, rita) == "403")
        #expect(try status(bound, rita) == "403")
        let again = try glovebox(["certificate", "enroll", "--request", request] + socket)
        #expect(again.status == 6 && again.output.contains("key.revoked"), "\(again.output)")
    }
}
