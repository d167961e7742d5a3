internal import GloveboxCore

/// Looks at the files of a log that its checkpoint does not need.
struct StrayFiles {
    private let source: any LogSource
    private let size: UInt64

    init(_ source: any LogSource, size: UInt64) {
        self.source = source
        self.size = size
    }

    /// Adds a finding for a path that is no tile's, or a partial file that differs from what took its place.
    ///
    /// Files beyond the checkpoint are normal: they are written before it. They are told, and nothing else.
    func check(_ verdict: inout LogVerdict) async throws(GloveboxError) {
        let names: [String]?
        do { names = try await source.tilePaths() } catch {
            guard error.code.utf8.starts(with: "log.".utf8) else { throw error }
            verdict.add(.strays, error)
            return
        }
        guard let names else {
            verdict.skip([.strays], "files cannot be listed over HTTP")
            return
        }
        var beyond = 0
        var whole: (path: TilePath, bytes: [UInt8])?
        for name in names {
            do throws(GloveboxError) {
                let path = try TilePath(parsing: name)
                guard let due = width(of: path) else {
                    beyond += 1
                    continue
                }
                // The one the checkpoint needs is checked already.
                guard path.width < due else { continue }
                let target = TilePath(path.content, index: path.index, width: due)
                if whole?.path != target { whole = (target, try await bytes(target)) }
                let part = try await bytes(path)
                guard let bytes = whole?.bytes, bytes.count >= part.count, bytes[..<part.count] == part[...] else {
                    throw GloveboxError(
                        "log.partial-mismatch",
                        "\(path.path) differs from \(target.path); keep both, they are evidence"
                    )
                }
            } catch {
                guard error.code.utf8.starts(with: "log.".utf8) else { throw error }
                verdict.add(.strays, error)
            }
        }
        if beyond > 0 { verdict.remarks.append("\(beyond) files lie beyond the checkpoint") }
    }

    /// How wide the file is that the checkpoint needs in this place; nil when it needs none as wide as this.
    private func width(of path: TilePath) -> Int? {
        var elements = size
        if case .hashes(let level) = path.content { elements = level < 8 ? size >> UInt64(8 * level) : 0 }
        let (first, overflow) = path.index.multipliedReportingOverflow(by: 256)
        guard !overflow, elements > first else { return nil }
        let due = Int(min(256, elements - first))
        return path.width <= due ? due : nil
    }

    /// The bytes of exactly the elements that the path names, checked for their form.
    private func bytes(_ path: TilePath) async throws(GloveboxError) -> [UInt8] {
        guard case .entries = path.content else { return try await source.tile(path) }
        let (bytes, entries) = try await source.bundle(path)
        return Array(bytes[..<(entries.last?.upperBound ?? 0)])
    }
}
