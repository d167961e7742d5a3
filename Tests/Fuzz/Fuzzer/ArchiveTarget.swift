import GloveboxCore
import GloveboxMeasure

/// A code tree that a researcher hands in.
enum ArchiveTarget: FuzzTarget {
    static let name = "nar"

    static var seeds: [[UInt8]] {
        func write(_ fill: (inout NARWriter<ByteArray>) throws(GloveboxError) -> Void) -> [UInt8] {
            var writer = NARWriter(ByteArray())
            do {
                try writer.beginDirectory(.root)
                try fill(&writer)
                try writer.endDirectory(.root)
            } catch { fatalError("\(error)") }
            return Array(writer.output.bytes)
        }
        func name(_ text: String) -> TreePath { TreePath.root.appending(Array(text.utf8)) }
        func file(_ path: TreePath, _ text: String, _ writer: inout NARWriter<ByteArray>) throws(GloveboxError) {
            let bytes = Array(text.utf8)
            try writer.beginFile(path, executable: text.hasPrefix("#!"), size: Int64(bytes.count))
            try writer.chunk(bytes[...])
            try writer.endFile()
        }
        return [
            write { writer throws(GloveboxError) in try file(name("a.txt"), "hello\n", &writer) },
            write { writer throws(GloveboxError) in
                try writer.beginDirectory(name("bin"))
                try file(name("bin").appending(Array("run".utf8)), "#!/bin/sh\n", &writer)
                try writer.endDirectory(name("bin"))
                try writer.symlink(name("link"), target: Array("bin/run".utf8))
            },
        ]
    }

    static func read(_ bytes: [UInt8]) {
        do {
            var reader = NARReader(ByteArray(bytes), limits: .upload)
            var sink = try reader.read(into: PairSink(NARWriter(ByteArray()), TreeDigester()))
            precondition(Array(sink.first.output.bytes) == bytes, "the archive has two forms")
            precondition(sink.second.finish().narSha256 == SHA256Stream.digest(bytes), "it is digested as another")
        } catch {}
    }
}
