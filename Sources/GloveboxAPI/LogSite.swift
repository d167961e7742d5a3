internal import GloveboxCore
internal import GloveboxTransparency

/// A log's files on a web server.
struct LogSite: LogSource {
    private let files: PublicFiles

    /// Names the URL under which the log's files lie.
    ///
    /// - Throws: `usage`.
    init(_ address: String) throws(GloveboxError) { files = try PublicFiles(address) }

    func close() async { await files.close() }

    func read(_ path: String, limit: Int) async throws(GloveboxError) -> [UInt8]? {
        try await files.get(path, limit: limit)
    }

    /// Web servers list nothing.
    func tilePaths() -> [String]? { nil }
}
