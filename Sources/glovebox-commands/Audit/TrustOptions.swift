import ArgumentParser
import GloveboxCore
import GloveboxTransparency

/// By whose word a log is believed.
struct TrustOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Public key of the log, or a file with it.", valueName: "VKEY|FILE"))
    var key: String?

    @Option(help: ArgumentHelp("Policy: keys of logs and witnesses, and the quorum.", valueName: "FILE"))
    var policy: String?

    /// What was given.
    ///
    /// - Throws: `usage` when nothing was, `log.key`, `log.policy`, `input.io`.
    func trust() throws(GloveboxError) -> LogTrust {
        var noteKey: NoteKey?
        if let key { noteKey = try Self.key(key) }
        if let policy {
            return .policy(try TlogPolicy(parsing: InputFile.bytes(policy, limit: 1 << 20)), key: noteKey)
        }
        guard let noteKey else {
            throw GloveboxError(
                "usage",
                "nothing says which log to believe",
                hint: "Give --key or --policy, from a source other than the log's server."
            )
        }
        return .key(noteKey)
    }

    /// A key given as text, or in a file.
    private static func key(_ text: String) throws(GloveboxError) -> NoteKey {
        if text.utf8.count(where: { $0 == UInt8(ascii: "+") }) >= 2, !text.utf8.contains(UInt8(ascii: "/")) {
            return try NoteKey(vkey: text)
        }
        do { return try NoteKey(vkey: text) } catch { return try NoteKey(vkey: InputFile.text(text)) }
    }
}
