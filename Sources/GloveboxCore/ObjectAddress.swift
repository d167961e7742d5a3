/// The address of an object at an S3 service: `s3://bucket/key`.
///
/// The key stands as it is, without percent encoding.
package struct ObjectAddress: Sendable, Hashable {
    /// The bucket.
    package let bucket: String
    /// The object's name in it.
    package let key: String

    /// Reads a URL; nil for any other URL, and for a bucket or a key that servers read in two ways.
    package init?(url: String) {
        guard let (bucket, key) = Self.halves(url), Self.isKey(key) else { return nil }
        (self.bucket, self.key) = (bucket, key)
    }

    /// Whether objects can stand below a URL: it names a bucket, and perhaps the beginning of keys up to a `/`.
    package static func isBase(_ url: String) -> Bool {
        guard let (_, key) = halves(url) else { return false }
        return key.isEmpty || isKey(key.utf8.last == UInt8(ascii: "/") ? String(key.dropLast()) : key)
    }

    /// Whether a URL is of such an address, well formed or not.
    package static func isMeant(by url: String) -> Bool { url.utf8.starts(with: "s3://".utf8) }

    /// Whether a bucket can be called so.
    ///
    /// Source: Amazon S3 User Guide, "General purpose bucket naming rules".
    package static func isBucket(_ text: String) -> Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) }
        let bytes = Array(text.utf8)
        return (3...63).contains(bytes.count) && bytes.allSatisfy { isLetterOrDigit($0) || $0 == 0x2d || $0 == 0x2e }
            && isLetterOrDigit(bytes[0]) && isLetterOrDigit(bytes[bytes.count - 1]) && !text.contains("..")
    }

    /// Whether an object can be called so by every server alike: no empty, `.` or `..` part, no control characters.
    private static func isKey(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return (1...1024).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
            && parts.allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
    }

    private static func halves(_ url: String) -> (bucket: String, key: String)? {
        guard isMeant(by: url) else { return nil }
        let halves = url.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, isBucket(String(halves[0])) else { return nil }
        return (String(halves[0]), String(halves[1]))
    }
}
