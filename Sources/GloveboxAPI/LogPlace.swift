package import GloveboxCore
package import GloveboxTransparency

/// Where a log's public files lie: in a directory, or under a URL.
package enum LogPlace {
    /// Opens the place and does something with the files there.
    ///
    /// - Parameters:
    ///   - place: a log's directory, a state directory, or a URL.
    ///   - body: what is done; the files may not be read afterwards.
    /// - Returns: what the closure returns.
    /// - Throws: `input.io` for a directory that cannot be opened, `usage` for what is no URL, and what the closure throws.
    package static func with<Value>(
        _ place: String,
        _ body: (any LogSource) async throws(GloveboxError) -> Value
    ) async throws(GloveboxError) -> Value {
        guard place.utf8.firstRange(of: "://".utf8) != nil else { return try await body(LogDirectory(place)) }
        let site = try LogSite(place)
        do {
            let value = try await body(site)
            await site.close()
            return value
        } catch {
            await site.close()
            throw error
        }
    }
}
