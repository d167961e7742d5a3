internal import Foundation
internal import Glibc
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxLinux

/// Disk space for what is too large for memory while a dataset is registered or a table is counted.
///
/// Files have no name, and are encrypted under a key that is nowhere but in memory: what a crash leaves, nobody can read.
struct SealedScratch: Scratch {
    private let directory: String
    private let key = Machine.random(32)

    /// Uses an existing directory.
    init(in directory: String) { self.directory = directory }

    /// The one of a program that has no site.
    static var ofProgram: SealedScratch { SealedScratch(in: FileManager.default.temporaryDirectory.path) }

    func keep(
        _ write: (_ put: @escaping ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) -> Void
    ) throws(GloveboxError) -> any KeptBytes {
        let label = Machine.identifier("tmp")
        let path = directory + "/" + label
        let file: Descriptor
        do {
            file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        } catch { throw error.coded("storage.write") }
        try StateFile.remove(path)
        var sealer = SealedChunks.Sealer(key: key, label: label)
        func append(_ bytes: [UInt8]) throws(GloveboxError) {
            do { try file.write(bytes) } catch { throw error.coded("storage.write") }
        }
        try write { (bytes) throws(GloveboxError) in try append(sealer.seal(bytes)) }
        try append(sealer.finish())
        return SealedBytes(opener: try SealedChunks.Opener(file, key: key, label: label))
    }
}

/// Encrypted bytes that are decrypted as they are read.
struct SealedBytes: KeptBytes {
    let opener: SealedChunks.Opener

    func pieces() -> () throws(GloveboxError) -> [UInt8] {
        var index = 0
        return { [opener] () throws(GloveboxError) in
            guard index < opener.count else { return [] }
            defer { index += 1 }
            return try opener.chunk(index)
        }
    }
}

extension SealedBytes {
    /// Opens a sealed file.
    ///
    /// - Throws: `storage.read`, `broker.open`.
    init(_ path: String, key: [UInt8], label: String) throws(GloveboxError) {
        let file: Descriptor
        do { file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW) } catch { throw error.coded("storage.read") }
        opener = try SealedChunks.Opener(file, key: key, label: label)
    }
}
