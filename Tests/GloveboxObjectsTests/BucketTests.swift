import GloveboxCore
import Synchronization
import TestSupport
import Testing

@testable import GloveboxObjects

/// Objects of S3 services.
@Suite struct BucketTests {
    private static let keys = """
        aws_access_key_id = AKIAIOSFODNN7EXAMPLE
        aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
        """

    private static func bucket(_ port: Int) throws -> Bucket {
        let settings = try BucketSettings(bucket: "bucket", endpoint: "http://127.0.0.1:\(port)", credentials: "keys")
        return Bucket(settings, try Credentials(text: keys)) { Instant(seconds: 1_369_353_600) }
    }

    private static func read(_ bucket: Bucket, limit: Int64 = 100) async throws -> String {
        let bytes = Mutex<[UInt8]>([])
        let length = try await bucket.read("a key", limit: limit) {
            bytes.withLock { $0 = [] }
        } sink: { (chunk: [UInt8]) in
            bytes.withLock { $0 += chunk }
        }
        let got = bytes.withLock { $0 }
        #expect(length == Int64(got.count))
        return String(decoding: got, as: UTF8.self)
    }

    /// Source: Amazon S3 API reference, "Signature Calculations for the Authorization Header", both examples.
    @Test func `signs as the examples of the standard are signed`() throws {
        let signer = RequestSigner(credentials: try Credentials(text: Self.keys), region: "us-east-1")
        let now = Instant(seconds: 1_369_353_600)
        let host = ("host", "examplebucket.s3.amazonaws.com")
        func signature(_ headers: [(name: String, value: String)]) -> String? {
            headers.first { $0.name == "authorization" }?.value.split(separator: "Signature=").last.map(String.init)
        }
        let get = signer.headers(
            "GET",
            path: "/test.txt",
            [host, ("range", "bytes=0-9")],
            payload: RequestSigner.sha256([]),
            at: now
        )
        #expect(signature(get) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        let put = signer.headers(
            "PUT",
            path: "/test%24file.text",
            [host, ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            payload: RequestSigner.sha256(Array("Welcome to Amazon S3.".utf8)),
            at: now
        )
        #expect(signature(put) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test func `an answer that is cut off or not yet there is asked for again, and nothing is kept of it`() async throws
    {
        let asked = Mutex(0)
        let server = try TestServer { request in
            #expect(String(decoding: request, as: UTF8.self).hasPrefix("GET /bucket/a%20key HTTP/1.1"))
            switch asked.withLock({ count -> Int in
                count += 1
                return count
            }) {
            case 1: return TestServer.http(503, [])
            case 2: return .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwrong".utf8))
            default: return TestServer.http(200, Array("right".utf8))
            }
        }
        #expect(try await Self.read(Self.bucket(server.port)) == "right")
        #expect(asked.withLock { $0 } == 3)
    }

    @Test(arguments: [
        (404, "input.missing"), (403, "s3.refused"), (301, "s3.refused"), (307, "s3.refused"), (500, "s3.unreachable"),
        (200, "input.too-large"),
    ])
    func `an answer that is no object has its code`(status: Int, code: String) async throws {
        let server = try TestServer { _ in
            TestServer.http(status, Array("0123456789".utf8), headers: ["Location: http://127.0.0.1:1/"])
        }
        let bucket = try Self.bucket(server.port)
        await #expect(throws: GloveboxError(code, "")) { try await Self.read(bucket, limit: 9) }
        guard status != 200 else { return try await bucket.write("x", [1]) }
        let written = code == "input.missing" ? "s3.refused" : code
        await #expect(throws: GloveboxError(written, "")) { try await bucket.write("x", [1]) }
    }

    @Test func `an endpoint in the clear is this host alone, and keys are what they are`() throws {
        for endpoint in [
            "https://s3.example", "https://10.0.0.1:9000", "http://127.0.0.1:1", "http://localhost", "http://[::1]:9",
        ] {
            #expect(throws: Never.self) { try BucketSettings(bucket: "b-1", endpoint: endpoint, credentials: "c") }
        }
        for endpoint in [
            "http://s3.example", "http://127.0.0.1.example", "http://localhost.example:1", "https://", "ftp://a",
            "https://a/b",
            "https://a?b", "https://u@a", "s3.example",
        ] {
            #expect(throws: GloveboxError("config.invalid", "")) {
                try BucketSettings(bucket: "b-1", endpoint: endpoint, credentials: "c")
            }
        }
        for text in [
            "", "aws_access_key_id = a", Self.keys + "\nx = y", Self.keys + "\naws_access_key_id = b",
            "aws_access_key_id",
            "aws_access_key_id = a b\naws_secret_access_key = c",
        ] {
            #expect(throws: GloveboxError("config.invalid", "")) { try Credentials(text: text) }
        }
        #expect(
            try Credentials(text: "# mine\n[default]\n" + Self.keys + "\naws_session_token=t\n").sessionToken == "t"
        )
    }

    @Test func `an address has one reading`() {
        #expect(ObjectAddress(url: "s3://b-1/x/y z%20")?.key == "x/y z%20")
        for url in [
            "s3://b-1", "s3://b-1/", "s3://b/x", "s3://B-1/x", "s3://b_1/x", "s3://b..1/x", "s3://-b1/x", "s3:///x",
            "s3://b-1//x", "s3://b-1/x/", "s3://b-1/./x", "s3://b-1/../x", "s3://b-1/x\u{0}", "s3://b-1/x\n",
            "S3://b-1/x",
            "s3://b-1/" + String(repeating: "x", count: 1025),
        ] {
            #expect(ObjectAddress(url: url) == nil, "\(url)")
        }
        #expect(
            ObjectAddress.isBase("s3://b-1/") && ObjectAddress.isBase("s3://b-1/x/")
                && ObjectAddress.isBase("s3://b-1/x")
        )
        #expect(
            !ObjectAddress.isBase("s3://b-1") && !ObjectAddress.isBase("s3://b-1//")
                && !ObjectAddress.isBase("s3://b-1/..")
        )
    }
}
