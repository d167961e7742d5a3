import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct TileTests {
    @Test(arguments: [
        ("tile/0/000", TilePath(.hashes(level: 0), index: 0)),
        ("tile/63/x001/x234/067", TilePath(.hashes(level: 63), index: 1_234_067)),
        ("tile/entries/x001/000.p/255", TilePath(.entries, index: 1000, width: 255)),
        ("tile/1/000.p/1", TilePath(.hashes(level: 1), index: 0, width: 1)),
    ])
    func `names files one way`(text: String, path: TilePath) throws {
        #expect(path.path == text)
        #expect(try TilePath(parsing: text) == path)
    }

    @Test(arguments: [
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/00/000", "tile/64/000", "tile/0/00/000", "tile/0/0",
        "tile/0/x000/000",
        "tile/0/000/", "tile/0/../000", "/tile/0/000", "tile/0/001/x000", "tile/0/000.p/01", "tile/0/000.p", "tile/0",
        "tile/0/+00", "checkpoint", "", "tile/Entries/000", "tile/0/000%2fp/1", "tile/0/x000.p/1",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ])
    func `refuses other paths`(text: String) {
        #expect(throws: GloveboxError("log.path", "")) { try TilePath(parsing: text) }
    }

    @Test func `lists the files a size adds`() {
        #expect(
            TilePath.added(from: 0, to: 256).map(\.path) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
        )
        #expect(
            TilePath.added(from: 255, to: 257).map(\.path) == [
                "tile/entries/000", "tile/entries/001.p/1", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1",
            ]
        )
        let all = TilePath.added(from: 0, to: 70_000)
        #expect(all.count { $0.content == .hashes(level: 0) } == 274)
        #expect(all.suffix(4).map(\.path) == ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"])
        #expect(TilePath.added(from: 5, to: 5).isEmpty)
    }

    @Test func `keeps entries apart in bundles of an exact number`() throws {
        let bundle = EntryBundle.encode(Fixtures.entries)
        #expect(try EntryBundle.decode(bundle, width: 8) == Fixtures.entries)
        for (bytes, width) in [(bundle, 7), (bundle, 9), (bundle + [0], 8), (bundle.dropLast(), 8), ([0, 0, 0], 1)] {
            #expect(throws: GloveboxError("log.bundle-format", "")) {
                try EntryBundle.decode(Array(bytes), width: width)
            }
        }
    }
}
