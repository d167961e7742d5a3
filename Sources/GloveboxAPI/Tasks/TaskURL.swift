package import GloveboxCore

/// Where files of a task may come from and go to.
///
/// Source: job-backend section 3.4. Whether a file or a bucket may be named the site decides.
package enum TaskURL {
    /// What a task's input is.
    package enum Source: Sendable {
        /// A registered dataset.
        case dataset(String)
        /// An uploaded tree.
        case blob(Digest)
        /// A file of the site's host, by its absolute path.
        case file(String)
        /// An object of a bucket, which is read before the task starts.
        case object(ObjectAddress)
    }

    /// Prefixes that can be used, as `service-info` lists them.
    package static let usable = ["glovebox://dataset/", "glovebox://blob/sha256:", "glovebox://release/"]

    /// What an input's URL names; nil for anything that cannot be had.
    package static func source(_ url: String) -> Source? {
        if let name = rest(of: url, after: "glovebox://dataset/"), Identifier.isName(name) { return .dataset(name) }
        if let name = rest(of: url, after: "glovebox://blob/"), let digest = Digest(named: name) {
            return .blob(digest)
        }
        return ObjectAddress(url: url).map { .object($0) } ?? path(ofFile: url).map { .file($0) }
    }

    /// Whether what is released under a URL is written there by the site.
    package static func isDelivered(_ url: String) -> Bool {
        ObjectAddress.isMeant(by: url) || path(ofFile: url) != nil
    }

    /// The absolute path that a `file` URL names, without a `/` at its end; nil for any other URL, for a host in it, and
    /// for a path with two readings.
    ///
    /// Source: RFC 8089.
    package static func path(ofFile url: String) -> String? {
        guard let rest = rest(of: url, after: "file:///") else { return nil }
        var parts = rest.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.last?.isEmpty == true { parts.removeLast() }
        var path = ""
        for part in parts {
            guard let name = PercentPath.decode(part) else { return nil }
            path += "/" + name
        }
        return path.isEmpty ? nil : path
    }

    /// What is wrong with an input's URL; nil when nothing is.
    static func inputFault(_ url: String) -> String? {
        source(url) == nil
            ? "must be glovebox://dataset/NAME, glovebox://blob/sha256:…, s3://BUCKET/KEY or file:///…; jobs have no network"
            : nil
    }

    /// What is wrong with an output's URL; nil when nothing is.
    static func outputFault(_ url: String) -> String? {
        let isRelease =
            rest(of: url, after: "glovebox://release/") != nil || ObjectAddress.isBase(url) || path(ofFile: url) != nil
        return isRelease
            ? nil
            : "must begin with glovebox://release/, s3://BUCKET/ or file:///; what is released is fetched from the site"
    }

    /// Whether the URL names a directory.
    static func isTree(_ url: String) -> Bool {
        if case .blob? = source(url) { return true }
        return false
    }

    private static func rest(of url: String, after prefix: String) -> String? {
        url.utf8.starts(with: prefix.utf8) ? String(url.dropFirst(prefix.count)) : nil
    }
}
