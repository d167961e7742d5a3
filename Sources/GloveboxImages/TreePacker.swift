internal import GloveboxCore

/// A directory tree to an EROFS file whose bytes depend on names, modes and contents alone.
struct TreePacker {
    /// Unix time in seconds of every file.
    let epoch: UInt64

    /// A fixed identity: a random one would be another digest each time.
    private static let identity = "676c6f76-6562-6f78-8000-000000000001"

    /// Unpacks an archive without its devices, which neither an ordinary user can make nor a jail wants.
    func unpack(_ archive: String, in workspace: String) throws(GloveboxError) -> String {
        let tree = "\(workspace)/tree"
        try StoreFiles.makeDirectory(tree)
        try Tool("tar").run([
            "--extract", "--file=\(archive)", "--directory=\(tree)", "--no-same-owner", "--preserve-permissions",
            "--anchored", "--exclude=./dev/*", "--exclude=dev/*",
        ])
        return tree
    }

    /// Packs a tree: owners, times, identity and extended attributes fixed, the order that of names.
    func pack(_ tree: String, in workspace: String) throws(GloveboxError) -> String {
        let file = "\(workspace)/image.erofs"
        try Tool("mkfs.erofs").run([
            "--quiet", "-zlz4hc", "-T\(epoch)", "-U", Self.identity, "--all-root", "-x-1", file, tree,
        ])
        return file
    }
}
