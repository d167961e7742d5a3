/// What of a state directory goes into a backup, and into which of its halves.
///
/// The halves are kept apart: the data half is worth nothing to whoever lacks the keys.
enum StateParts {
    /// A half of a backup.
    enum Half: Sendable, CaseIterable {
        /// Journal, encrypted data, images, evidence: what grows.
        case data
        /// Private keys, tokens, and files of the operator's own that stand in the state directory.
        case keys
    }

    /// Directories of the data half; nothing in them opens without the keys but code, images and what was released.
    private static let dataDirectories: Set<String> = [
        "blobs", "broker", "datasets", "evidence", "history", "images", "journal", "sealed", "texts", "tpm", "webhooks",
        "witness",
    ]
    /// Directories that a site makes anew.
    private static let remade: Set<String> = ["incoming", "log", "sign-lock"]
    private static let keyDirectories: Set<String> = ["keys", "operator"]
    private static let dataFiles: Set<String> = [
        "gloveboxd.yaml", "log.vkey", "site.json", "tlog.policy", "trust-policy.dsse.json", "trust_config.json",
        "trusted_root.json", "witness.vkey",
    ]

    /// Files that are not copied: what follows from others, what is in progress, and what must not exist twice.
    ///
    /// A copied sign-lock would let a log that was put back sign a second history.
    private static func isLeftOut(_ path: [Substring]) -> Bool {
        let name = path[path.count - 1]
        if name.hasPrefix(".new-") || name.hasSuffix(".new") { return true }
        if remade.contains(String(path[0])) { return true }
        switch path[0] {
        case "journal": return path.count > 1 && !name.hasSuffix(".wal")
        case "images": return path.count > 1 && path[1] == "unpacked"
        default:
            return path.count == 1
                && (name.hasPrefix("index.sqlite") || name == "restored.json" || Backup.ownFiles.contains(String(name)))
        }
    }

    /// Whether a site itself has a directory of that name.
    static func isKnown(_ directory: String) -> Bool { remade.contains(directory) }

    /// Where a file or directory goes, by its path below the state directory; nil when it is not copied.
    static func half(of path: String, isDirectory: Bool) -> Half? {
        let parts = path.split(separator: "/")
        guard let top = parts.first.map(String.init), !isLeftOut(parts) else { return nil }
        // What opens the broker's store does not lie beside it.
        if path == "broker/secret" { return .keys }
        if keyDirectories.contains(top) { return .keys }
        if dataDirectories.contains(top) { return .data }
        if isDirectory { return nil }
        return dataFiles.contains(top) ? .data : .keys
    }
}
