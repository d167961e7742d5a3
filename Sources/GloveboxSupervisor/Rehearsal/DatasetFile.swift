internal import Glibc
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux
internal import GloveboxPolicy

/// The private file of a dataset, read piece by piece.
enum DatasetFile {
    /// Hands the file over in pieces.
    ///
    /// - Throws: `dataset.file`, and what `take` throws.
    static func read(
        _ path: String,
        hint: String?,
        _ take: ([UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let file: Descriptor
        do { file = try Descriptor.open(path, O_RDONLY) } catch { throw error.coded("dataset.file", hint: hint) }
        while true {
            let chunk: [UInt8]
            do { chunk = try file.read(upTo: 1 << 20) } catch { throw error.coded("dataset.file") }
            if chunk.isEmpty { return }
            try take(chunk)
        }
    }
}

/// The rows of a private file, counted as they are read: no more of them are in memory than one piece of the file holds.
struct DatasetFileRows: RowSource {
    let path: String
    let description: DatasetDescription
    /// What to do when the file cannot be read.
    var hint: String?

    /// All rows in memory, each value checked.
    ///
    /// - Throws: `dataset.*`.
    func table() throws(GloveboxError) -> DatasetTable {
        var importer = DatasetImporter(description)
        try DatasetFile.read(path, hint: hint) { (chunk) throws(GloveboxError) in try importer.feed(chunk) }
        return try importer.finish()
    }

    func rows(_ take: (RowBlock) throws(GloveboxError) -> Void) throws(GloveboxError) -> Int {
        var importer = DatasetImporter(description)
        try DatasetFile.read(path, hint: hint) { (chunk) throws(GloveboxError) in
            try importer.feed(chunk)
            try take(importer.takeRows())
        }
        let count = try importer.end()
        try take(importer.takeRows())
        return count
    }
}
