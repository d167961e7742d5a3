package import GloveboxCore
package import GloveboxTransparency
internal import Synchronization

/// What a log's witnesses need of it.
extension LogWriter {
    /// The hashes that prove the first `old` entries to be a beginning of the first `new`.
    ///
    /// - Throws: `log.size`, `log.unavailable`.
    package func consistency(from old: UInt64, to new: UInt64) throws(GloveboxError) -> [Digest] {
        let (stack, published) = try edge()
        return try stack.consistency(old: old, new: new) { path throws(GloveboxError) in
            try core.publisher.tile(path, size: published)
        }
    }

    /// An entry with the proof that leads to a given checkpoint of this log, such as one that witnesses cosigned.
    ///
    /// - Throws: `log.index` when the checkpoint is older than the entry, and as ``proof(_:)``.
    package func proof(
        _ index: UInt64,
        under note: [UInt8]
    ) throws(GloveboxError) -> (entry: [UInt8], proof: TlogProof) {
        let (checkpoint, key) = try Checkpoint.open(note: note, keys: keys)
        let (stack, published) = try edge()
        let hashes = try stack.inclusion(index: index, size: checkpoint.size) { path throws(GloveboxError) in
            try core.publisher.tile(path, size: published)
        }
        let entry = try core.item(index).entry
        let proof = TlogProof(index: index, hashes: hashes, checkpoint: note)
        _ = try proof.verify(entry: entry, log: key)
        return (entry, proof)
    }

    /// Puts a checkpoint with its witnesses' lines in the place of the same one without; false when the public files
    /// have moved on.
    ///
    /// - Throws: `log.unavailable`, `store.io`.
    @discardableResult
    package func publish(cosigned note: [UInt8]) throws(GloveboxError) -> Bool {
        try core.publish(cosigned: note, size: Checkpoint.open(note: note, keys: keys).checkpoint.size)
    }

    /// Stops for good: nothing is appended any more, because something outside showed that nothing must be.
    package func stop(because error: GloveboxError) {
        core.stop(error)
    }

    /// The tree's edge, and the size whose tiles are stored.
    private func edge() throws(GloveboxError) -> (TileStack, UInt64) {
        try core.state.withLock { state throws(GloveboxError) in
            if case .stopped = state.condition { try state.check() }
            return (state.stack, state.published ?? 0)
        }
    }
}
