internal import GloveboxCore

/// A file that only takes room, so that on a full disk there is some left to say so.
enum Ballast {
    private static let name = "ballast"
    private static let bytes = 1 << 20

    /// Makes the file where it is missing.
    ///
    /// - Throws: `store.full`, `store.io`.
    static func make(_ directory: Directory) throws(GloveboxError) {
        guard try !Directory.exists(path(directory)) else { return }
        let temporary = "\(directory.path)/\(Directory.temporaryName())"
        do {
            try OwnedFile(temporary, .create(permissions: 0o600)).allocate(bytes)
            try directory.rename(temporary, to: name)
        } catch {
            Directory.discard(temporary)
            throw error
        }
    }

    /// Gives the room back.
    ///
    /// - Throws: `store.io`.
    static func drop(_ directory: Directory) throws(GloveboxError) {
        guard try Directory.exists(path(directory)) else { return }
        try Directory.remove(path(directory))
        try directory.sync()
    }

    private static func path(_ directory: Directory) -> String { "\(directory.path)/\(name)" }
}
