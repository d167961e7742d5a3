package import GloveboxCore

/// A witness's statement that it saw a checkpoint at a time.
///
/// Source: C2SP tlog-cosignature, `cosignature/v1`; transparency-log specification, section 6.
package enum Cosignature {
    /// Seconds that a witness's clock may be ahead of the reader's.
    private static let tolerance: Int64 = 300

    /// Checks a witness's line under a checkpoint, and returns the time it states.
    ///
    /// - Throws: `log.cosignature`, `log.time-future`.
    package static func verify(
        _ line: SignedNote.Signature,
        of text: [UInt8],
        witness key: NoteKey,
        now: Instant
    ) throws(GloveboxError) -> Instant {
        let name = Display.escape(key.name)
        let refused = GloveboxError("log.cosignature", "the cosignature of \(name) is wrong")
        guard key.kind == .witness, line.bytes.count == 72 else { throw refused }
        let seconds = UInt64(bigEndianBytes: line.bytes[..<8])
        guard seconds <= UInt64(Int64.max / 1000) else { throw refused }
        let signed = message(seconds: seconds, text: text)
        try Ed25519.verify(signature: Array(line.bytes[8...]), of: signed, key: key, or: refused)
        let time = Instant(seconds: Int64(seconds))
        guard time <= now.adding(seconds: tolerance) else {
            throw GloveboxError("log.time-future", "\(name) cosigned in the future, at \(time.text)")
        }
        return time
    }

    /// What a witness signs.
    static func message(seconds: UInt64, text: [UInt8]) -> [UInt8] {
        Array("cosignature/v1\ntime \(seconds)\n".utf8) + text
    }
}
