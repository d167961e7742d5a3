import GloveboxAPI
import GloveboxCore
import GloveboxTransparency

/// A site's log, read through its own API.
struct ServedLog: LogSource {
    let client: GloveboxClient

    func read(_ path: String, limit: Int) async throws(GloveboxError) -> [UInt8]? {
        do throws(RequestFailure) {
            if path.utf8.elementsEqual("checkpoint".utf8) { return try await client.checkpoint() }
            return path.hasPrefix("tile/") ? try await client.tile(path: path) : nil
        } catch {
            if error.error.code == "object.not-found" { return nil }
            throw error.error
        }
    }

    /// The API lists no files.
    func tilePaths() -> [String]? { nil }
}
