import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxLinux
import GloveboxMeasure
import TestSupport
import Testing

@testable import GloveboxSupervisor

/// Files that sealed ones are made of.
@Suite struct SpareFileTests {
    private let root: String
    private let spares: SpareFiles
    private let key = [UInt8](repeating: 7, count: 32)

    init() throws {
        root = try TestPrograms.scratch()
        for name in ["sealed", "incoming"] { try StateFile.makeDirectory(root + "/" + name) }
        spares = SpareFiles(in: root + "/incoming")
    }

    private func file(_ name: String) -> SealedFile {
        SealedFile(path: root + "/sealed/" + name, label: "sealed " + name, spares: spares)
    }

    private func names(_ directory: String) throws -> [String] {
        let names = try Descriptor.open(root + "/" + directory, O_RDONLY | O_DIRECTORY).names()
        return names.map { String(decoding: $0, as: UTF8.self) }
    }

    private func inode(_ path: String) throws -> UInt64 { try FileStatus.of(path).inode }

    @Test func `a destroyed sealed file is overwritten, becomes the next one, and opens as nothing but that`() throws {
        let (first, second) = (file("a"), file("b"))
        let (long, short) = ([UInt8](repeating: 1, count: 50_000), [UInt8](repeating: 2, count: 9))
        try first.write(long, key: key)
        let number = try inode(first.path)
        let stored = try StateFile.read(first.path)
        try first.destroy()
        #expect(try names("sealed").isEmpty && names("incoming").count == 1)
        let spare = try root + "/incoming/" + #require(names("incoming").first)
        #expect(try StateFile.read(spare) == [UInt8](repeating: 0, count: stored.count), "nothing of it is left")
        try second.write(short, key: key)
        #expect(try inode(second.path) == number && names("incoming").isEmpty && names("sealed") == ["b"])
        #expect(try second.read(key: key) == short)
        #expect(try FileStatus.of(second.path).permissions == 0o600)
        #expect(try first.read(key: key) == nil)
    }

    @Test func `a large file is deleted, few are kept, and one that is gone is made anew`() throws {
        let large = file("large")
        try large.write([UInt8](repeating: 1, count: 1 << 20), key: key)
        try large.destroy()
        #expect(try names("incoming").isEmpty && names("sealed").isEmpty)
        for number in 0..<20 { try file("\(number)").write([1], key: key) }
        for number in 0..<20 { try file("\(number)").destroy() }
        #expect(try names("sealed").isEmpty && names("incoming").count == 16)
        spares.clear()
        #expect(try names("incoming").isEmpty, "a site that ends leaves none")
        for number in 0..<20 { try file("\(number)").write([2], key: key) }
        for number in 0..<20 { try file("\(number)").destroy() }
        // As a start clears what uploads left.
        try Descriptor.open(root + "/incoming", O_RDONLY | O_DIRECTORY).empty()
        for number in 0..<20 {
            try file("\(number)").write([3], key: key)
            #expect(try file("\(number)").read(key: key) == [3])
        }
    }

    @Test func `a task's files are one tree in memory and on disk, and no two of them have one place`() throws {
        func pack(_ texts: [(String, Int)]) throws -> Digest {
            let tree = TaskTree(in: root + "/incoming")
            defer { tree.remove() }
            for (path, count) in texts { try tree.add([UInt8](repeating: 0x61, count: count), at: path) }
            switch try tree.pack() {
            case .archive(let archive, let measured):
                #expect(try names("incoming").isEmpty)
                #expect(Machine.sha256(archive) == measured.narSha256)
                return measured.narSha256
            case .upload(let upload):
                #expect(texts.reduce(0) { $0 + $1.1 } > 1 << 20)
                return Machine.sha256(try StateFile.read(upload.path))
            }
        }
        let small = [("task.json", 100), ("data/a", 10), ("data/b/c", 0)]
        #expect(try pack(small) == pack(small.reversed()))
        let large = small + [("data/large", 1 << 20)]
        #expect(try pack(large) == pack(large.reversed()), "the large one first, or last")
        #expect(try pack(large) != pack(small))
        for taken in ["data/a", "data", "data/a/x"] {
            #expect(throws: GloveboxError("path.invalid", "")) { _ = try pack(small + [(taken, 1)]) }
            #expect(throws: GloveboxError("path.invalid", "")) { _ = try pack(large + [(taken, 1)]) }
        }
        #expect(try names("incoming").isEmpty)
    }
}
