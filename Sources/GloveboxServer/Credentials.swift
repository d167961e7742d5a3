internal import GloveboxCore

/// Reads who asks out of the header field `Authorization`.
enum Credentials {
    /// The token: after `Bearer`, or as the password of `Basic`, which is all that some task clients can send.
    ///
    /// Source: job-backend sections 3.2 and 4.2.
    static func token(_ header: String?) -> String? {
        guard let header, let blank = header.firstIndex(of: " ") else { return nil }
        let value = String(header[header.index(after: blank)...])
        switch header[..<blank].lowercased() {
        case "bearer": return value
        case "basic":
            guard let bytes = Base64.decode(value), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
                return nil
            }
            return String(validating: bytes[(colon + 1)...], as: UTF8.self)
        default: return nil
        }
    }
}
