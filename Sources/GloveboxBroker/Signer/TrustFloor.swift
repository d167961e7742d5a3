package import GloveboxCore
internal import GloveboxStore

/// The highest version of the trust policy that a signer has seen, kept over its ends: an older one is not shown to it again.
package struct TrustFloor: Sendable {
    private static let file = "trust.version"
    private let directory: Directory
    /// The version; 0 before the first.
    package private(set) var version: UInt64

    /// Reads what the directory of a signer's keys keeps.
    ///
    /// - Throws: `signer.trust` for a file that no signer wrote; `key.permissions`, `store.io`.
    package init(_ path: String) throws(GloveboxError) {
        directory = Directory(path)
        guard try Directory.exists(path + "/" + Self.file) else {
            version = 0
            return
        }
        let text = String(decoding: try KeyFile.read(path + "/" + Self.file), as: UTF8.self)
        guard let kept = UInt64(text), String(kept) == text else {
            throw GloveboxError(
                "signer.trust",
                "\(Self.file) among the signer's keys holds no version",
                hint: "Take it from a backup: it is what keeps an older trust policy from counting again."
            )
        }
        version = kept
    }

    /// Keeps a version that was seen, on disk before anything is signed by it.
    ///
    /// - Throws: `store.io`.
    mutating func raise(to seen: UInt64) throws(GloveboxError) {
        guard seen > version else { return }
        try directory.replace(Self.file, with: Array(String(seen).utf8), permissions: 0o600)
        version = seen
    }
}
