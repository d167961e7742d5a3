import Glibc
import GloveboxLinux
import TestSupport
import Testing

/// Tasks on objects of an S3 service that checks signatures: moto.
@Suite(
    .serialized,
    .enabled(if: APISite.canServe, "needs root, GLOVEBOX_THIRD_PARTY and the image base; Deploy/test sets them up")
)
struct BucketTests {
    @Test func `objects are read before a task starts and written when it is released, of the site's buckets alone`()
        throws
    {
        let directory = try TestPrograms.scratch()
        let certificate = directory + "/s3.pem"
        let made = try TestPrograms.run(
            "/usr/bin/openssl",
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
                + [
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                    directory + "/s3.key",
                ]
                + ["-out", certificate]
        )
        try #require(made.status == 0, "\(made.output)")
        let python = (TestPrograms.variable("GLOVEBOX_THIRD_PARTY") ?? "") + "/s3/bin/python"
        let scripts = TestPrograms.repository + "/Tests/ThirdParty/"
        let (server, output) = try TestPrograms.start(
            python,
            [scripts + "s3_server", certificate, directory + "/s3.key", "b-in", "b-out", "b-shut"],
            environment: ["PYTHONDONTWRITEBYTECODE=1"]
        )
        defer { server.kill() }
        var said = ""
        while !said.contains("ready ") || said.last != "\n" {
            let more = try output.read(upTo: 4096)
            try #require(!more.isEmpty, "\(said)")
            said += String(decoding: more, as: UTF8.self)
        }
        let words = try #require(said.split(separator: "\n").first { $0.hasPrefix("ready ") }).split(separator: " ")
        let service = "https://localhost:\(words[1])"
        func write(_ name: String, secret: some StringProtocol) throws {
            let text = "[default]\naws_access_key_id = \(words[2])\naws_secret_access_key = \(secret)\n"
            try Descriptor.open(directory + "/" + name, O_WRONLY | O_CREAT, mode: 0o600).write(Array(text.utf8))
        }
        try write("right", secret: words[3])
        try write("wrong", secret: "wrong-secret")
        let buckets = [("b-in", "right"), ("b-out", "right"), ("b-shut", "wrong")].map { bucket, keys in
            """

                - bucket: \(bucket)
                  endpoint: "\(service)"
                  credentials: \(directory)/\(keys)
                  ca: \(certificate)
            """
        }
        let site = try APISite(settings: "tes:\n  s3:" + buckets.joined())
        defer { site.stop() }
        let token = try site.person("alice", "researcher")
        let outcome = try TestPrograms.run(
            python,
            [scripts + "bucket_client.py", site.url, token, service, certificate] + words[2...].map { String($0) },
            environment: ["REQUESTS_CA_BUNDLE=" + site.certificate, "PYTHONDONTWRITEBYTECODE=1"]
        )
        #expect(outcome.status == 0 && outcome.output.hasSuffix("DONE\n"), "\(outcome.output)")
    }
}
