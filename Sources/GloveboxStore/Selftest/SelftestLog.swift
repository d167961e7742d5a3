package import GloveboxCore
internal import GloveboxTransparency

/// A log of its own in one directory: public files in it, private ones below `private`.
package enum SelftestLog {
    /// The log's name.
    package static let origin = "log.selftest.example"
    private static let keyName = "log.key"
    private static let bodyKeyName = "bodies.key"

    /// Makes the directory, its keys and an empty log.
    ///
    /// - Throws: `log.exists`, `store.io`.
    package static func create(_ path: String) throws(GloveboxError) {
        let layout = layout(path)
        guard try !Directory.exists(parts(path)) else {
            throw GloveboxError(
                "log.exists",
                "\(Display.escape(path)) has a log already",
                hint: "Name a new directory, or go on with this log: --resume."
            )
        }
        try Directory(path).make(permissions: 0o755)
        let keys = Directory(parts(path) + "/keys")
        try keys.make()
        let signer = try NoteSigner.generate(name: origin)
        try KeyFile.create("\(keys.path)/\(keyName)", Array(signer.secretText.utf8))
        var random = SystemRandomNumberGenerator()
        let bodyKey = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        try KeyFile.create("\(keys.path)/\(bodyKeyName)", bodyKey)
        try keys.sync()
        try LogWriter.create(at: layout, signer: signer)
        try Directory(path).replace("\(origin).vkey", with: Array("\(signer.key.vkey)\n".utf8))
    }

    /// Opens the log.
    ///
    /// - Parameters:
    ///   - path: the log's directory.
    ///   - segmentBytes: room a journal segment has.
    /// - Returns: its writer.
    /// - Throws: as the writer's.
    package static func open(_ path: String, segmentBytes: Int) throws(GloveboxError) -> LogWriter {
        let keys = parts(path) + "/keys/"
        let bodyKey = try KeyFile.read(keys + bodyKeyName)
        return try LogWriter(
            opening: layout(path),
            signer: NoteSigner(parsing: String(decoding: KeyFile.read(keys + keyName), as: UTF8.self)),
            bodyKey: bodyKey,
            context: EventContext(
                origin: origin,
                datasite: "site_selftest",
                version: "0.1.0",
                bootID: "selftest",
                supervisor: .zero,
                config: .zero,
                pseudonymKey: bodyKey
            ),
            segmentBytes: segmentBytes
        )
    }

    private static func parts(_ path: String) -> String { path + "/private" }

    private static func layout(_ path: String) -> LogLayout { LogLayout(log: path, parts: parts(path)) }
}
