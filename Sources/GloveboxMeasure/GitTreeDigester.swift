internal import GloveboxCore

/// The ids that git gives to blobs and trees when its object format is SHA-256.
struct GitTreeDigester {
    private var open: [[Entry]] = []
    /// The blob that has begun; its bytes may be written here.
    var blob = SHA256Stream()
    /// The id of the outermost tree, once it has ended.
    private(set) var root = Digest.zero

    /// One line of a tree object.
    private struct Entry {
        let mode: StaticString
        let name: [UInt8]
        let id: Digest

        /// What git sorts by: the name, with a slash after that of a tree.
        var key: [UInt8] { mode.description == "40000" ? name + [UInt8(ascii: "/")] : name }
    }

    mutating func beginDirectory() { open.append([]) }

    mutating func endDirectory(_ name: [UInt8]) {
        let entries = open.removeLast().sorted { $0.key.lexicographicallyPrecedes($1.key) }
        var body: [UInt8] = []
        for entry in entries { body += Array(entry.mode.description.utf8) + [32] + entry.name + [0] + entry.id.bytes }
        let id = SHA256Stream.digest(Array("tree \(body.count)\0".utf8) + body)
        // Git keeps no empty directories.
        if open.isEmpty {
            root = id
        } else if !entries.isEmpty {
            open[open.count - 1].append(Entry(mode: "40000", name: name, id: id))
        }
    }

    mutating func beginBlob(size: Int64) {
        blob = SHA256Stream()
        blob.write(Array("blob \(size)\0".utf8)[...])
    }

    mutating func chunk(_ bytes: ArraySlice<UInt8>) { blob.write(bytes) }

    mutating func endBlob(_ name: [UInt8], mode: StaticString) {
        open[open.count - 1].append(Entry(mode: mode, name: name, id: blob.finish()))
    }
}
