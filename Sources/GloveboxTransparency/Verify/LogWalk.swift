internal import GloveboxCore

/// What must be known from bundle to bundle while a log is read from its first entry to its last.
final class LogWalk {
    /// A bundle and the tile over it that say different things.
    private struct Disagreement {
        let path: TilePath
        let place: Int
    }

    private static let mostKept = 1000

    /// The tree over the entries.
    private var entries = CompactRange()
    /// Whether all entries so far could be read.
    private var isComplete = true
    private let tower: TileTower
    private var last = LeafReader.Leaf.other
    private var findings: [(check: LogVerdict.Check, error: GloveboxError)] = []
    private var disagreements: [Disagreement] = []
    private var dropped = 0

    init(_ source: any LogSource) { tower = TileTower(source) }

    /// Goes on with the next bundle.
    func add(_ bundle: BundleCheck, index: UInt64) async throws(GloveboxError) {
        for finding in bundle.findings { note(finding.check, finding.error) }
        do throws(GloveboxError) { try LeafReader.pair(bundle.first, after: last, index: index * 256) } catch {
            note(.leaves, error.at("entry \(index * 256)"))
        }
        last = bundle.last
        addEntries(bundle.hashes)
        if !bundle.hashes.isEmpty, !bundle.agrees {
            let place = zip(bundle.hashes, bundle.tile).enumerated().first { $0.element.0 != $0.element.1 }
            let path = TilePath(.entries, index: index, width: bundle.hashes.count / 32)
            if disagreements.count < Self.mostKept {
                disagreements.append(Disagreement(path: path, place: (place?.offset ?? 0) / 32))
            } else {
                dropped += 1
            }
        }
        try await tower.add(file: bundle.tile, entries: bundle.hashes)
    }

    /// Ends the walk: compares the files on the right edge.
    func finish() async throws(GloveboxError) { try await tower.finish() }

    /// Compares both roots with the checkpoint, and tells what was found.
    func report(_ checkpoint: Checkpoint, to verdict: inout LogVerdict) {
        if case .report = last {
            note(.leaves, GloveboxError("log.unpaired-report", "the last entry is a report without attestation.issued"))
        }
        let isRight = isComplete && entries.root == checkpoint.root
        for disagreement in disagreements {
            let isTile = isRight || tower.refuted.contains(disagreement.path.index)
            verdict.add(isTile ? .tiles : .bundles, fault(disagreement, isTile))
        }
        for (check, error) in findings { verdict.add(check, error) }
        for error in tower.findings { verdict.add(.tiles, error) }
        if dropped > 0 { verdict.remarks.append("\(dropped) more findings are not told") }
        if !isComplete {
            verdict.skip([.rootFromEntries], "not all entries can be read")
        } else if !isRight {
            verdict.add(.rootFromEntries, Self.mismatch("the entries", entries.root, checkpoint))
        }
        if tower.root != checkpoint.root {
            verdict.add(.rootFromTiles, Self.mismatch("the tiles", tower.root, checkpoint))
        }
    }

    private func note(_ check: LogVerdict.Check, _ error: GloveboxError) {
        if findings.count < Self.mostKept { findings.append((check, error)) } else { dropped += 1 }
    }

    private func addEntries(_ hashes: [UInt8]) {
        guard isComplete, !hashes.isEmpty else {
            isComplete = false
            return
        }
        if hashes.count == 32 * TilePath.full {
            entries.append(subtree: MerkleHash.root(over: hashes), level: 8)
            return
        }
        for start in stride(from: 0, to: hashes.count, by: 32) {
            entries.append(subtree: MerkleHash.root(over: Array(hashes[start..<start + 32])), level: 0)
        }
    }

    /// The tile is wrong when all entries lead to the checkpoint, or these to the tile above; else the bundle is.
    private func fault(_ disagreement: Disagreement, _ isTile: Bool) -> GloveboxError {
        let path = disagreement.path
        if isTile {
            let tile = TilePath(.hashes(level: 0), index: path.index, width: path.width)
            return GloveboxError(
                "log.tile-hash",
                "\(tile.path): hash \(disagreement.place) is not that of its entry"
            )
        }
        let index = path.index * 256 + UInt64(disagreement.place)
        return GloveboxError(
            "log.entry-mismatch",
            "\(path.path): entry \(index) is not the one that its tile stands for"
        )
    }

    private static func mismatch(_ what: String, _ root: Digest, _ checkpoint: Checkpoint) -> GloveboxError {
        GloveboxError("log.root-mismatch", "\(what) lead to the root \(root.hex), not to the checkpoint's")
    }
}
