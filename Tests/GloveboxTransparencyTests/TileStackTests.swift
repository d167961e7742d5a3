import GloveboxCore
import GloveboxTransparency
import Testing

/// The right edge against the whole tree.
@Suite struct TileStackTests {
    private static let sizes: [UInt64] = [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_800]

    private let tree: MerkleTree = {
        var tree = MerkleTree()
        for index in 0..<65_800 { tree.append(Self.entry(index)) }
        return tree
    }()

    private static func entry(_ index: Int) -> [UInt8] { Array("entry \(index)".utf8) }

    private func tile(_ path: TilePath) throws(GloveboxError) -> [UInt8] {
        guard case .hashes(let level) = path.content else { throw GloveboxError("test", "only tiles are asked for") }
        let start = Int(path.index) * 256
        return Array(tree.hashes(level: 8 * level, range: start..<start + path.width))
    }

    @Test func `holds each tile that is new, and forgets what is stored`() throws {
        var stack = TileStack()
        var stored: UInt64 = 0
        for size in Self.sizes {
            while stack.range.size < size { stack.append(Self.entry(Int(stack.range.size))) }
            #expect(try stack.range.root == tree.root(size: size))
            for path in TilePath.added(from: stored, to: size) where path.content != .entries {
                #expect(try stack.hashes(path) == tile(path), "\(path.path)")
            }
            stored = size
            stack.forget(upTo: size)
            #expect(stack.hashes(TilePath(.hashes(level: 0), index: 0)) == nil)
        }
    }

    @Test(arguments: sizes) func `goes on from stored tiles as if it had never stopped`(size: UInt64) throws {
        var stack = try TileStack(size: size, stored: tile)
        #expect(try stack.range.root == tree.root(size: size))
        while stack.range.size < min(size + 300, 65_800) { stack.append(Self.entry(Int(stack.range.size))) }
        let end = stack.range.size
        #expect(try stack.range.root == tree.root(size: end))
        for index in Set([0, size / 2, size - 1, end - 1]) {
            let path = try stack.inclusion(index: index, size: end, stored: tile)
            #expect(try path == tree.inclusion(index: index, size: end))
            #expect(try stack.leafHash(index, stored: tile) == MerkleHash.leaf(Self.entry(Int(index))))
        }
        #expect(try stack.consistency(old: size, new: end, stored: tile) == tree.consistency(old: size, new: end))
    }

    @Test func `refuses places and sizes that are not there`() throws {
        let stack = try TileStack(size: 300, stored: tile)
        #expect(Fixtures.code { _ = try stack.inclusion(index: 300, size: 300, stored: tile) } == "log.index")
        #expect(Fixtures.code { _ = try stack.inclusion(index: 3, size: 301, stored: tile) } == "log.index")
        #expect(Fixtures.code { _ = try stack.consistency(old: 3, new: 301, stored: tile) } == "log.size")
        let broken = try TileStack(size: 300) { path throws(GloveboxError) in
            try Array(tile(path).dropLast()) + [0]
        }
        #expect(try broken.range.root != tree.root(size: 300))
    }
}
