package import GloveboxCore

/// Where files of a task may come from and go to.
///
/// Source: job-backend section 3.4; `s3://` is later (decision 39).
package enum TaskURL {
    /// What a task's input is.
    package enum Source: Sendable {
        /// A registered dataset.
        case dataset(String)
        /// An uploaded tree.
        case blob(Digest)
    }

    /// Prefixes that can be used, as `service-info` lists them.
    package static let usable = ["glovebox://dataset/", "glovebox://blob/sha256:", "glovebox://release/"]

    /// What an input's URL names; nil for anything that cannot be had.
    package static func source(_ url: String) -> Source? {
        if let name = rest(of: url, after: "glovebox://dataset/"), Identifier.isName(name) { return .dataset(name) }
        if let name = rest(of: url, after: "glovebox://blob/"), let digest = Digest(named: name) {
            return .blob(digest)
        }
        return nil
    }

    /// What is wrong with an input's URL; nil when nothing is.
    static func inputFault(_ url: String) -> String? {
        source(url) == nil ? "must be glovebox://dataset/NAME or glovebox://blob/sha256:…; jobs have no network" : nil
    }

    /// What is wrong with an output's URL; nil when nothing is.
    static func outputFault(_ url: String) -> String? {
        let isRelease = rest(of: url, after: "glovebox://release/") != nil
        return isRelease ? nil : "must begin with glovebox://release/; what is released is fetched from the site"
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
