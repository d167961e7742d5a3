internal import Crypto
internal import GloveboxCore

/// Signs requests to an S3 service.
///
/// Source: AWS Signature Version 4, "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API reference.
struct RequestSigner {
    let credentials: Credentials
    let region: String

    /// The headers to send with a request: those given, lower-case, what signing adds, and `authorization`.
    ///
    /// `path` and `query` are encoded already; `payload` is the SHA-256 of the body.
    func headers(
        _ method: String,
        path: String,
        query: String = "",
        _ given: [(name: String, value: String)],
        payload: String,
        at now: Instant
    ) -> [(name: String, value: String)] {
        let time = String(now.text.filter { $0 != "-" && $0 != ":" })
        let day = String(time.prefix(8))
        var headers = given + [("x-amz-content-sha256", payload), ("x-amz-date", time)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        headers.sort { $0.name < $1.name }
        let names = headers.map(\.name).joined(separator: ";")
        let lines = headers.map { "\($0.name):\($0.value)\n" }.joined()
        let request = [method, path, query, lines, names, payload].joined(separator: "\n")
        let scope = "\(day)/\(region)/s3/aws4_request"
        let text = ["AWS4-HMAC-SHA256", time, scope, Self.sha256(Array(request.utf8))].joined(separator: "\n")
        let key = ["AWS4" + credentials.secret, day, region, "s3", "aws4_request", text].reduce(into: [UInt8]()) {
            $0 = $0.isEmpty ? Array($1.utf8) : Self.mac($0, $1)
        }
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope),SignedHeaders=\(names),"
            + "Signature=\(Hex.encode(key))"
        return headers + [("authorization", authorization)]
    }

    /// The SHA-256 of a body, as requests name it.
    static func sha256(_ bytes: [UInt8]) -> String { Hex.encode(Array(SHA256.hash(data: bytes))) }

    private static func mac(_ key: [UInt8], _ text: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
    }
}
