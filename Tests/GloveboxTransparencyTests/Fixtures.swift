import GloveboxCore
import GloveboxTransparency
import Testing

/// The known answers of the transparency-log specification, sections 2 and 4.
enum Fixtures {
    static let entries: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], Array(0x50...0x57),
        Array(0x60...0x6f),
    ]

    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    static let logKey = "log.datasite.example+055292af+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    static let witnessKey = "witness.peer.example+daabd167+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
    static let logLine =
        "— log.datasite.example BVKSr7linmrlJypAqtxHtEUdBRKzi0IAvC7jPXCdKbETyLJMpf0xBC9h771eggELGf1fY0KIC0VBrO8NL2YPHpuXpwI="
    static let witnessLine =
        "— witness.peer.example 2qvRZwAAAABoTuGAmCC/SmOrRRysPMUK38r0AjVeQhEasfe9oW7vmJJgNCbk3FO7GFXsqJi5axyRybbD5iah6m2PbdRl95Q58xEwBA=="
    static let text = "log.datasite.example\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    static let note = Array("\(text)\n\(logLine)\n\(witnessLine)\n".utf8)

    static var tree: MerkleTree {
        var tree = MerkleTree()
        for entry in entries { tree.append(entry) }
        return tree
    }

    static func digest(_ hex: String) throws -> Digest { try #require(Digest(hex: hex)) }

    static func signer(_ name: String = "log.datasite.example") throws -> NoteSigner {
        try NoteSigner(name: name, seed: Array(0...31))
    }

    /// Signs any text with the log's key.
    static func sign(_ text: String) throws -> [UInt8] { try signer().sign(Array(text.utf8)).bytes }

    /// Runs the body and returns the code it throws.
    static func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch let error as GloveboxError {
            return error.code
        } catch {
            return "\(error)"
        }
    }
}
