import GloveboxCore
import Testing

@testable import GloveboxMeasure

/// A tree that goes through a thread of its own.
@Suite struct SideSinkTests {
    /// Writes down what it is told, and refuses a file of a given size.
    private struct Notebook: TreeSink, Sendable {
        var lines: [String] = []
        var refused: Int64 = -1

        mutating func beginDirectory(_ path: TreePath) { lines.append("( \(path.display)") }
        mutating func endDirectory(_ path: TreePath) { lines.append(") \(path.display)") }
        mutating func beginFile(_ path: TreePath, executable: Bool, size: Int64) throws(GloveboxError) {
            guard size != refused else { throw GloveboxError("input.io", "no \(path.display)") }
            lines.append("\(path.display) \(executable) \(size)")
        }
        mutating func chunk(_ bytes: ArraySlice<UInt8>) { lines.append(SHA256Stream.digest(Array(bytes)).hex) }
        mutating func endFile() { lines.append("end") }
        mutating func symlink(_ path: TreePath, target: [UInt8]) { lines.append("\(path.display) -> \(target)") }
    }

    private static func feed(_ sink: inout some TreeSink) throws {
        try sink.beginDirectory(.root)
        for number in 0..<3000 {
            let path = TreePath.root.appending(Array("f\(number)".utf8))
            // Small ones share a batch; every thousandth is too large for one.
            let bytes = [UInt8](repeating: UInt8(number % 251), count: number % 1000 == 999 ? 300_000 : number % 700)
            try sink.beginFile(path, executable: number % 2 == 0, size: Int64(bytes.count))
            try sink.chunk(bytes[...])
            try sink.endFile()
        }
        try sink.symlink(TreePath.root.appending([65]), target: [66])
        try sink.endDirectory(.root)
    }

    @Test func `every call arrives, once and in order`() throws {
        var plain = Notebook()
        try Self.feed(&plain)
        var side = SideSink(Notebook())
        try Self.feed(&side)
        #expect(try side.finish().lines == plain.lines)
    }

    @Test func `what the sink refuses is told at the end, and nothing comes after it`() throws {
        var side = SideSink(Notebook(refused: 300_000))
        try Self.feed(&side)
        #expect(throws: GloveboxError("input.io", "no f999")) { try side.finish() }
    }

    @Test func `a reader without an end is stopped by what the sink refuses`() throws {
        var side = SideSink(Notebook(refused: 7))
        try side.beginDirectory(.root)
        #expect(throws: GloveboxError("input.io", "no x")) {
            while true { try side.beginFile(TreePath.root.appending([UInt8(ascii: "x")]), executable: false, size: 7) }
        }
    }
}
