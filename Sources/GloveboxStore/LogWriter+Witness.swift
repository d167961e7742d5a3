package import GloveboxCore
package import GloveboxTransparency
internal import Synchronization

/// What a log's witnesses need of it.
extension LogWriter {
    /// The hashes that prove the first `old` entries to be a beginning of the first `new`.
    ///
    /// - Throws: `log.size`, `log.unavailable`.
    package func consistency(from old: UInt64, to new: UInt64) throws(GloveboxError) -> [Digest] {
        try core.state.withLock { state throws(GloveboxError) in
            try state.check()
            return try state.tree.consistency(old: old, new: new)
        }
    }

    /// An entry with the proof that leads to a given checkpoint of this log, such as one that witnesses cosigned.
    ///
    /// - Throws: `log.index` when the checkpoint is older than the entry, and as ``proof(_:)``.
    package func proof(
        _ index: UInt64,
        under note: [UInt8]
    ) throws(GloveboxError) -> (entry: [UInt8], proof: TlogProof) {
        let size = try Checkpoint.open(note: note, key: key).size
        let hashes = try core.state.withLock { state throws(GloveboxError) in
            try state.check()
            return try state.tree.inclusion(index: index, size: size)
        }
        let entry = try core.entry(index).leaf
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
        try core.publish(cosigned: note, size: Checkpoint.open(note: note, key: key).size)
    }

    /// Stops for good: nothing is appended any more, because something outside showed that nothing must be.
    package func stop(because error: GloveboxError) {
        core.state.withLock { state in
            if state.failure == nil { state.failure = error }
        }
    }
}
