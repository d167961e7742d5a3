package import GloveboxCore

/// The keys of an account at an S3 service.
package struct Credentials: Sendable {
    let accessKey: String
    let secret: String
    let sessionToken: String?

    /// Reads lines `name = value`, as the first profile of an AWS credentials file has them: `aws_access_key_id`,
    /// `aws_secret_access_key` and perhaps `aws_session_token`.
    ///
    /// - Throws: `config.invalid`.
    package init(text: String) throws(GloveboxError) {
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let line = Self.trimmed(line)
            if line.isEmpty || line.hasPrefix("#") || line.hasPrefix("[") { continue }
            let halves = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.trimmed(halves[0])
            guard halves.count == 2, Self.names.contains(name), values[name] == nil else {
                throw GloveboxError("config.invalid", "a line of an S3 credentials file is none, or comes twice")
            }
            values[name] = Self.trimmed(halves[1])
        }
        guard let accessKey = values[Self.names[0]], let secret = values[Self.names[1]], !accessKey.isEmpty,
            !secret.isEmpty, values.values.allSatisfy({ $0.utf8.allSatisfy { (0x21...0x7e).contains($0) } })
        else {
            throw GloveboxError(
                "config.invalid",
                "an S3 credentials file has aws_access_key_id and aws_secret_access_key, in plain characters"
            )
        }
        (self.accessKey, self.secret, sessionToken) = (accessKey, secret, values[Self.names[2]])
    }

    private static let names = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
