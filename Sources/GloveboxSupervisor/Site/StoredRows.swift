internal import Glibc
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxPolicy

/// The rows of a dataset version that the site keeps, decrypted as they are read: no more of them are in memory than one
/// group of the stored form.
struct StoredRows: RowSource {
    let description: DatasetDescription
    private let opener: SealedChunks.Opener

    var isVersion: Bool { true }

    /// Opens a version; one of the first stored form, whose columns stand one after the other, is read into memory.
    ///
    /// - Throws: `storage.read`, `broker.open`, `format.bytes`.
    static func open(
        _ path: String,
        key: [UInt8],
        label: String,
        description: DatasetDescription
    ) throws(GloveboxError) -> any RowSource {
        let rows = try StoredRows(path, key: key, label: label, description: description)
        guard try rows.opener.chunk(0).starts(with: DatasetTable.oldHead) else { return rows }
        var bytes: [UInt8] = []
        try rows.pieces { bytes += $0 }
        return try DatasetTable(stored: bytes, description: description)
    }

    /// Opens a version of the form that is written now.
    ///
    /// - Throws: `storage.read`, `broker.open`.
    init(_ path: String, key: [UInt8], label: String, description: DatasetDescription) throws(GloveboxError) {
        let file: Descriptor
        do { file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW) } catch { throw error.coded("storage.read") }
        opener = try SealedChunks.Opener(file, key: key, label: label)
        self.description = description
    }

    /// Encrypts the rows of a source into a new file, durably; their number, and how many bytes were encrypted.
    ///
    /// `see` is shown each block as it goes by.
    ///
    /// - Throws: `storage.write`, and what the source throws: then there is no file.
    static func seal(
        _ source: any RowSource,
        to path: String,
        key: [UInt8],
        label: String,
        _ see: (RowBlock) throws(GloveboxError) -> Void
    ) throws(GloveboxError) -> (rows: Int, bytes: Int) {
        var rows = 0
        var bytes = 0
        try StateFile.write(to: path) { (file) throws(GloveboxError) in
            var sealer = SealedChunks.Sealer(key: key, label: label)
            var writer = RowGroupWriter(source.description)
            func put(_ piece: [UInt8]) throws(GloveboxError) {
                bytes += piece.count
                try file.write(sealer.seal(piece))
            }
            rows = try source.rows { (block) throws(GloveboxError) in
                try see(block)
                try writer.add(block, put)
            }
            try writer.finish(put)
            try file.write(sealer.finish())
        }
        return (rows, bytes)
    }

    func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int {
        var reader = RowGroupReader(description, next: SealedBytes(opener: opener).pieces())
        while let block = try reader.next() { try take(block) }
        return reader.rowCount
    }

    func versionDigest() throws(GloveboxError) -> Digest {
        try Digest(sha256Of: { (take) throws(GloveboxError) in try pieces(take) })
    }

    /// Hands over the stored form.
    ///
    /// - Throws: `broker.open`, and what `take` throws.
    func pieces(_ take: ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) {
        for index in 0..<opener.count { try take(opener.chunk(index)) }
    }
}
