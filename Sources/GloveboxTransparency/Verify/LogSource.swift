package import GloveboxCore

/// The public files of a log, wherever they lie.
package protocol LogSource: Sendable {
    /// The first `limit + 1` bytes of the file at a path under the log's prefix; nil when there is no such file.
    ///
    /// - Throws: `input.io` and the like when that cannot be known.
    func read(_ path: String, limit: Int) async throws(GloveboxError) -> [UInt8]?

    /// The paths of all files below `tile/`; nil when the source cannot list its files.
    ///
    /// - Throws: `log.path` for anything but files and directories, `input.io`.
    func tilePaths() async throws(GloveboxError) -> [String]?
}

extension LogSource {
    /// The signed checkpoint as published.
    ///
    /// - Throws: `input.io` when there is none.
    package func checkpoint() async throws(GloveboxError) -> [UInt8] {
        guard let note = try await read("checkpoint", limit: SignedNote.maxBytes) else {
            throw GloveboxError("input.io", "there is no checkpoint here", hint: "Name the log's directory or its URL.")
        }
        return note
    }

    /// The hashes in a tile, cut to the path's width.
    ///
    /// A partial tile may have gone when the full one came; the full one stands in for it.
    ///
    /// - Throws: `log.tile-missing`, `log.tile-length`, and what ``read(_:limit:)`` throws.
    func tile(_ path: TilePath) async throws(GloveboxError) -> [UInt8] {
        for width in Set([path.width, TilePath.full]).sorted() {
            let file = TilePath(path.content, index: path.index, width: width).path
            guard let bytes = try await read(file, limit: 32 * width) else { continue }
            guard bytes.count == 32 * width else {
                throw GloveboxError("log.tile-length", "\(file) does not have the length of \(width) hashes")
            }
            return Array(bytes[..<(32 * path.width)])
        }
        throw GloveboxError("log.tile-missing", "\(path.path) is missing")
    }

    /// An entry bundle, and where the entries of the path's width lie in it.
    ///
    /// - Throws: `log.bundle-missing`, `log.bundle-format`, and what ``read(_:limit:)`` throws.
    package func bundle(_ path: TilePath) async throws(GloveboxError) -> (bytes: [UInt8], entries: [Range<Int>]) {
        for width in Set([path.width, TilePath.full]).sorted() {
            let file = TilePath(path.content, index: path.index, width: width).path
            guard let bytes = try await read(file, limit: width * (2 + LeafKind.maxBytes)) else { continue }
            do {
                return (bytes, Array(try EntryBundle.ranges(bytes, width: width)[..<path.width]))
            } catch {
                throw GloveboxError(error.code, "\(file): \(error.message)")
            }
        }
        throw GloveboxError("log.bundle-missing", "\(path.path) is missing")
    }

    /// One entry of a log of that size.
    ///
    /// - Throws: `log.index`, and what ``bundle(_:)`` throws.
    package func entry(_ index: UInt64, size: UInt64) async throws(GloveboxError) -> [UInt8] {
        guard index < size else {
            throw GloveboxError("log.index", "entry \(index) is not in a log of \(size) entries")
        }
        let (bytes, entries) = try await bundle(.covering(index, size: size))
        return Array(bytes[entries[Int(index % 256)]])
    }
}

extension TilePath {
    /// The bundle that holds an entry of a log of that size.
    package static func covering(_ index: UInt64, size: UInt64) -> TilePath {
        let first = index / 256 * 256
        return TilePath(.entries, index: index / 256, width: Int(min(256, size - first)))
    }
}
