package import GloveboxCore

/// Secret bytes in a file that only its owner may read.
package enum KeyFile {
    /// Writes a new file; an existing one is never replaced.
    ///
    /// - Throws: `key.exists`, `store.io`.
    package static func create(_ path: String, _ bytes: [UInt8]) throws(GloveboxError) {
        guard try !Directory.exists(path) else {
            throw GloveboxError("key.exists", "\(Display.escape(path)) exists and is not replaced")
        }
        let file = try OwnedFile(path, .create(permissions: 0o600))
        try file.write(bytes, at: 0)
        try file.sync()
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: the file; a link is refused.
    ///   - maxBytes: greatest length; longer files are refused.
    /// - Returns: its bytes.
    /// - Throws: `key.missing`; `key.permissions` when others may read it or it belongs to someone else; `key.format`
    ///   when it is no ordinary file of that length; `store.io`.
    package static func read(_ path: String, maxBytes: Int = 4096) throws(GloveboxError) -> [UInt8] {
        guard try Directory.exists(path) else {
            throw GloveboxError(
                "key.missing",
                "\(Display.escape(path)) is missing",
                hint: "keys are made by glovebox init"
            )
        }
        let file = try OwnedFile(path, .read)
        let status = try file.status()
        guard status.isPrivate else {
            throw GloveboxError(
                "key.permissions",
                "\(Display.escape(path)) is readable by others or not owned by this user",
                hint: "give it to the user that runs this program, mode 0600"
            )
        }
        guard status.isRegular, status.size <= maxBytes else {
            throw GloveboxError("key.format", "\(Display.escape(path)) is no key file")
        }
        return try file.read(at: 0, count: status.size)
    }
}
