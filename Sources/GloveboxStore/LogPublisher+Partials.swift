internal import GloveboxCore
internal import GloveboxTransparency

/// A tile that grows one entry at a time leaves 255 partial files behind, and so does a bundle: the full one takes the place
/// of all of them.
///
/// Source: transparency-log specification, section 5.
extension LogPublisher {
    /// Removes the partial files of those paths that are full.
    ///
    /// The full file is durable before. A crash on the way leaves some, which the next start removes.
    ///
    /// - Throws: `log.partial-mismatch` for one that the full file contradicts, `store.io`.
    func removePartials(of paths: [TilePath]) throws(GloveboxError) {
        for path in paths where path.width == TilePath.full { try removePartials(of: path) }
    }

    private func removePartials(of full: TilePath) throws(GloveboxError) {
        let folder = Directory(file(full) + ".p")
        guard try Directory.exists(folder.path) else { return }
        try folder.removeTemporaries()
        let whole = try bytes(file(full))
        for name in try folder.names() {
            let part = "\(folder.path)/\(name)"
            guard whole.starts(with: try bytes(part)) else {
                throw GloveboxError(
                    "log.partial-mismatch",
                    "\(Display.escape(part)) differs from the full file; keep both, they are evidence"
                )
            }
            try Directory.remove(part)
        }
        try folder.removeEmpty()
    }

    private func bytes(_ path: String) throws(GloveboxError) -> [UInt8] {
        let file = try OwnedFile(path, .read)
        return try file.read(at: 0, count: file.status().size)
    }
}
