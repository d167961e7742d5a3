internal import GloveboxCore
internal import GloveboxTransparency

extension PublicEvent {
    /// Reads an event that the log is shown to hold.
    ///
    /// - Parameters:
    ///   - entry: the leaf's bytes.
    ///   - proof: its tlog-proof.
    ///   - logs: the log's keys, one of which signed the proof's checkpoint.
    /// - Throws: `log.*` when it is not shown.
    init(logged entry: [UInt8], proof: [UInt8], logs: [NoteKey]) throws(GloveboxError) {
        let receipt = try TlogProof(parsing: proof)
        _ = try receipt.verify(entry: entry, logs: logs)
        try self.init(JSONReader.readCanonical(entry), at: receipt.index)
    }
}
