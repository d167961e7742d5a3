package import GloveboxCore

/// Measures code trees, and copies or packs them in the same pass (attestation section 5).
package enum CodeTree {
    /// Measures a directory; a link given as its path is followed.
    ///
    /// - Throws: the `code.*` refusals of attestation section 5; `input.io`.
    package static func measure(
        directory path: String,
        limits: TreeLimits = .measurement
    ) throws(GloveboxError) -> CodeMeasurement {
        try System.openDirectory(path: path).lend { (root) throws(GloveboxError) in
            try measure(descriptor: root, limits: limits)
        }
    }

    /// Measures an open directory.
    package static func measure(
        descriptor: Int32,
        limits: TreeLimits = .measurement
    ) throws(GloveboxError) -> CodeMeasurement {
        let lanes = DigestLanes()
        var digester = try walkAside(descriptor, TreeDigester(lanes: lanes), limits, lanes: lanes)
        return digester.finish()
    }

    /// The digest that names a tree, and no other: a third of the work.
    ///
    /// - Throws: as ``measure(directory:limits:)``; every rule is applied.
    package static func archiveDigest(
        directory path: String,
        limits: TreeLimits = .measurement
    ) throws(GloveboxError) -> Digest {
        try System.openDirectory(path: path).lend { (root) throws(GloveboxError) in
            var archive = try walkAside(root, NARWriter(SHA256Stream()), limits)
            return archive.finish()
        }
    }

    /// Measures a Nix archive without keeping any of it.
    ///
    /// - Throws: `upload.rejected` for what is no canonical archive, and the `code.*` refusals.
    package static func measure(
        archive source: some ByteSource,
        limits: TreeLimits = .upload
    ) throws(GloveboxError) -> CodeMeasurement {
        var reader = NARReader(source, limits: limits)
        var digester = try reader.read(into: TreeDigester())
        return digester.finish()
    }

    /// Packs a directory into a Nix archive and measures exactly the bytes that went into it.
    package static func pack(
        directory path: String,
        to output: some ByteOutput,
        limits: TreeLimits = .upload
    ) throws(GloveboxError) -> CodeMeasurement {
        try System.openDirectory(path: path).lend { (root) throws(GloveboxError) in
            var sink = try walk(root, PairSink(NARWriter(output), TreeDigester()), limits)
            return sink.second.finish()
        }
    }

    /// Copies an open directory below another one and measures exactly the copied bytes.
    package static func copy(
        from source: Int32,
        into target: Int32,
        options: UnpackOptions = UnpackOptions(),
        limits: TreeLimits = .measurement
    ) throws(GloveboxError) -> CodeMeasurement {
        let sink = PairSink(TreeUnpacker(into: target, options: options), TreeDigester())
        var copied = try walk(source, sink, limits)
        return copied.second.finish()
    }

    private static func walk<Sink: TreeSink>(
        _ root: Int32,
        _ sink: Sink,
        _ limits: TreeLimits
    ) throws(GloveboxError) -> Sink {
        var ruled = RuledSink(sink, limits: limits)
        var walker = DirectoryWalker(limits: limits)
        try walker.walk(root, into: &ruled)
        try ruled.finish()
        return ruled.next
    }

    /// Walks here, while the rules and the sink work on another thread.
    private static func walkAside<Sink: TreeSink & Sendable>(
        _ root: Int32,
        _ sink: Sink,
        _ limits: TreeLimits,
        lanes: DigestLanes = DigestLanes()
    ) throws(GloveboxError) -> Sink {
        var side = SideSink(RuledSink(sink, limits: limits), lanes: lanes)
        var walker = DirectoryWalker(limits: limits)
        do throws(GloveboxError) { try walker.walk(root, into: &side) } catch {
            // What a rule refuses stands earlier in the tree than what the walk did not get past.
            _ = try side.finish()
            throw error
        }
        var ruled = try side.finish()
        try ruled.finish()
        return ruled.next
    }
}

/// Unpacks archives that come from researchers.
package enum NARUnpacker {
    /// Unpacks a Nix archive below an open directory and measures exactly the bytes that were written there.
    ///
    /// - Throws: `upload.rejected` and the `code.*` refusals for a bad archive; `input.io` where writing fails. The
    ///   directory then holds what had been written so far and is to be thrown away.
    package static func unpack(
        from source: some ByteSource,
        into directory: Int32,
        options: UnpackOptions = UnpackOptions(),
        limits: TreeLimits = .upload
    ) throws(GloveboxError) -> CodeMeasurement {
        var reader = NARReader(source, limits: limits)
        let sink = PairSink(TreeUnpacker(into: directory, options: options), TreeDigester())
        var unpacked = try reader.read(into: sink)
        return unpacked.second.finish()
    }
}
