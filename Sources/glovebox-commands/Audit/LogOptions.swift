import ArgumentParser
import GloveboxCore
import GloveboxTransparency

/// Which log, and by whose word it is believed.
struct LogOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A log's directory, a state directory, or a URL.", valueName: "DIR|URL"))
    var log: String

    @OptionGroup var trustOptions: TrustOptions

    /// Opens the log and does something with its files.
    static func with<Value>(
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
