internal import Glibc
package import GloveboxCore

/// How long a disk takes to make a block durable, and whether it can be believed.
package struct DiskProbe: Sendable {
    /// Nanoseconds below which no disk answers; then something swallows the syncs.
    private static let impossible: UInt64 = 50_000
    /// What lies under the directory.
    package let fileSystem: FileSystemKind
    /// Nanoseconds of one write of 4 KiB in place with its `fdatasync`.
    package let sync: Latencies

    /// Writes and syncs a file in the directory, which goes afterwards.
    ///
    /// - Parameters:
    ///   - directory: where.
    ///   - rounds: how many syncs.
    /// - Throws: `store.full`, `store.io`.
    package init(_ directory: Directory, rounds: Int) throws(GloveboxError) {
        fileSystem = try FileSystemKind(of: directory)
        let path = "\(directory.path)/\(Directory.temporaryName())"
        defer { Directory.discard(path) }
        let file = try OwnedFile(path, .create(permissions: 0o600))
        try file.reserve(1 << 20)
        let block = [UInt8](repeating: 0xa5, count: 4096)
        var sync = Latencies()
        for round in 0..<rounds {
            let start = LogClock.system.now().monotonic
            try file.write(block, at: round % 256 * block.count)
            try file.syncData()
            sync.add(LogClock.system.now().monotonic - start)
        }
        self.sync = sync
    }

    /// What makes the disk doubtful, in sentences.
    package var warnings: [String] {
        var out: [String] = []
        if fileSystem.isUnsafe { out.append("\(fileSystem.name) does not keep a log through a power cut by itself") }
        if sync.percentile(50) < Self.impossible {
            out.append("a sync takes \(sync.percentile(50) / 1000) µs, faster than any disk: something swallows syncs")
        }
        return out
    }
}
