internal import Glibc
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxPolicy

/// Tables that were released before the one that is judged, as whoever has the data tells of them: they are counted again.
package struct EarlierTables: Sendable {
    private let paths: [String]
    private let dataset: String?

    /// Names the specs, or the directories of code that they are in; `dataset` is the private file of then, where it was
    /// another version.
    package init(_ paths: [String] = [], dataset: String? = nil) { (self.paths, self.dataset) = (paths, dataset) }

    var isEmpty: Bool { paths.isEmpty }

    /// What is remembered of each, as the policy would have released it.
    ///
    /// - Throws: `spec.*`, `input-policy.*`, `dataset.*`; `dataset.file` for another version of joined data.
    func records(
        _ policy: OutputPolicy,
        _ data: FilterData,
        _ rows: any RowSource,
        key: LineageKey
    ) throws(GloveboxError) -> [ReleaseRecord] {
        guard dataset == nil || data.names.count == 1 else {
            throw GloveboxError("dataset.file", "tables of an earlier version of joined data cannot be counted again")
        }
        let before = dataset.map { DatasetFileRows(path: $0, description: data.description) as any RowSource } ?? rows
        var records: [ReleaseRecord] = []
        for path in paths {
            let request = ReleaseGate.Request(
                id: path,
                policy: policy,
                inputPolicy: data.inputPolicy,
                table: before,
                spec: try Self.spec(path, policy),
                scratch: SealedScratch.ofProgram
            )
            records.append(try ReleaseGate.record(request, key: key))
        }
        return records
    }

    private static func spec(_ path: String, _ policy: OutputPolicy) throws(GloveboxError) -> TableSpec {
        let file: Descriptor
        let isDirectory: Bool
        var bytes: [UInt8] = []
        do throws(SyscallError) {
            file = try Descriptor.open(path, O_RDONLY)
            isDirectory = try file.status().isDirectory
            if !isDirectory { bytes = try file.readAll(limit: 1 << 20) }
        } catch { throw error.coded("spec.missing") }
        if isDirectory { return try SpecFiles(directory: path).table(policy) }
        return try TableSpec(bytes: bytes)
    }
}

/// Rows of a file that are compared with what was released of them.
struct ComparedRows: RowSource {
    let rows: any RowSource

    var description: DatasetDescription { rows.description }
    var isVersion: Bool { true }

    func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int { try rows.rows(take) }

    func versionDigest() throws(GloveboxError) -> Digest { try rows.versionDigest() }
}
