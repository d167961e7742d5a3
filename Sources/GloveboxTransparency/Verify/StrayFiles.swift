internal import GloveboxCore

/// The files of a log that its checkpoint does not need.
///
/// Those beyond the checkpoint are normal: they are written before it. They are told, and nothing else.
struct StrayFiles: Sendable {
    /// A path that is no tile's, or a partial file that differs from what took its place.
    private let findings: [GloveboxError]
    /// How many files lie beyond the checkpoint.
    private let beyond: Int
    /// Whether the files could be listed.
    private let areListed: Bool

    /// Looks for them.
    ///
    /// - Throws: what the source throws when it cannot be read.
    static func find(_ source: any LogSource, size: UInt64) async throws(GloveboxError) -> StrayFiles {
        let names: [String]?
        do { names = try await source.tilePaths() } catch {
            guard error.code.utf8.starts(with: "log.".utf8) else { throw error }
            return StrayFiles(findings: [error], beyond: 0, areListed: true)
        }
        guard let names else { return StrayFiles(findings: [], beyond: 0, areListed: false) }
        var findings: [GloveboxError] = []
        var beyond = 0
        // Partial files by what took their place, which is then read once for all of them.
        var replaced: [TilePath: [TilePath]] = [:]
        for name in names {
            do throws(GloveboxError) {
                let path = try TilePath(parsing: name)
                guard let due = width(of: path, size) else {
                    beyond += 1
                    continue
                }
                // The one the checkpoint needs is checked already.
                guard path.width < due else { continue }
                replaced[TilePath(path.content, index: path.index, width: due), default: []].append(path)
            } catch { findings.append(error) }
        }
        for (target, parts) in replaced.sorted(by: { $0.key.path < $1.key.path }) {
            findings += try await compare(parts.sorted { $0.width < $1.width }, with: target, source)
        }
        return StrayFiles(findings: findings, beyond: beyond, areListed: true)
    }

    /// Compares partial files with the one that took their place.
    private static func compare(
        _ parts: [TilePath],
        with target: TilePath,
        _ source: any LogSource
    ) async throws(GloveboxError) -> [GloveboxError] {
        var findings: [GloveboxError] = []
        do throws(GloveboxError) {
            let whole = try await bytes(target, source)
            for path in parts {
                do throws(GloveboxError) {
                    let part = try await bytes(path, source)
                    guard whole.count >= part.count, whole[..<part.count] == part[...] else {
                        throw GloveboxError(
                            "log.partial-mismatch",
                            "\(path.path) differs from \(target.path); keep both, they are evidence"
                        )
                    }
                } catch { findings.append(error) }
            }
        } catch { findings.append(error) }
        for error in findings where !error.code.utf8.starts(with: "log.".utf8) { throw error }
        return findings
    }

    /// Tells what was found.
    func report(to verdict: inout LogVerdict) {
        for error in findings { verdict.add(.strays, error) }
        if !areListed { verdict.skip([.strays], "files cannot be listed over HTTP") }
        if beyond > 0 { verdict.remarks.append("\(beyond) files lie beyond the checkpoint") }
    }

    /// How wide the file is that the checkpoint needs in this place; nil when it needs none as wide as this.
    private static func width(of path: TilePath, _ size: UInt64) -> Int? {
        var elements = size
        if case .hashes(let level) = path.content { elements = level < 8 ? size >> UInt64(8 * level) : 0 }
        let (first, overflow) = path.index.multipliedReportingOverflow(by: 256)
        guard !overflow, elements > first else { return nil }
        let due = Int(min(256, elements - first))
        return path.width <= due ? due : nil
    }

    /// The bytes of exactly the elements that the path names, checked for their form.
    private static func bytes(
        _ path: TilePath,
        _ source: any LogSource
    ) async throws(GloveboxError) -> [UInt8] {
        guard case .entries = path.content else { return try await source.tile(path) }
        let (bytes, entries) = try await source.bundle(path)
        return Array(bytes[..<(entries.last?.upperBound ?? 0)])
    }
}
