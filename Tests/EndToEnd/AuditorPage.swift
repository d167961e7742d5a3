import Glibc
import GloveboxCore
import GloveboxTransparency
import TestSupport
import Testing

/// The page of an export, with the files it carries, which a test can change.
struct AuditorPage {
    private static let start = Array("id=\"export\">".utf8)
    private static let end = Array("</script>".utf8)

    private let head: [UInt8]
    private let tail: [UInt8]
    private let words: JSONValue
    private let forms: JSONValue
    /// The files by path.
    var files: [String: [UInt8]] = [:]

    /// Reads a page as the export has it.
    init(_ path: String) throws {
        let bytes = try LogOnDisk.read(path)
        let start = try #require(bytes.firstRange(of: Self.start)).upperBound
        let end = try #require(bytes[start...].firstRange(of: Self.end)).lowerBound
        head = Array(bytes[..<start])
        tail = Array(bytes[end...])
        let data = try JSONReader.read(Array(bytes[start..<end]))
        words = try #require(data["words"])
        forms = try #require(data["forms"])
        for member in try #require(data["files"]?.object).members {
            files[member.name] = member.value.string.flatMap(Base64.decode)
        }
    }

    /// The page with the files as they are now.
    var bytes: [UInt8] {
        let files = JSONObject(self.files.map { ($0.key, .string(Base64.encode($0.value))) })
        return head + CanonicalJSON.encode(["files": .object(files), "forms": forms, "words": words]) + tail
    }

    /// Writes the files into a new directory.
    func unpack(to directory: String) throws {
        for (path, bytes) in files {
            let file = "\(directory)/\(path)"
            let folder = String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)])
            try #require(try TestPrograms.run("/usr/bin/env", ["mkdir", "-p", folder]).status == 0)
            try LogOnDisk.write(bytes, file)
        }
    }

    /// Changes the private bodies as text.
    mutating func changeBodies(_ change: (String) -> String) {
        files["bodies.jsonl"] = Array(change(String(decoding: files["bodies.jsonl"] ?? [], as: UTF8.self)).utf8)
    }

    /// Puts other entries in place, and lets tiles and, with a key, the checkpoint follow.
    mutating func rewrite(signer: NoteSigner?, _ change: (inout [[UInt8]]) -> Void) throws {
        let note = try SignedNote(parsing: #require(files["checkpoint"]))
        let old = try Checkpoint(text: note.text)
        var entries: [[UInt8]] = []
        for path in TilePath.added(from: 0, to: old.size) {
            guard case .entries = path.content else { continue }
            entries += try EntryBundle.decode(#require(files[path.path]), width: path.width)
        }
        change(&entries)
        var tree = MerkleTree()
        for entry in entries { tree.append(entry) }
        for path in TilePath.added(from: 0, to: tree.size) {
            let range = Int(path.index) * 256..<Int(path.index) * 256 + path.width
            files[path.path] =
                switch path.content {
                case .entries: EntryBundle.encode(entries[range])
                case .hashes(let level): Array(tree.hashes(level: 8 * level, range: range))
                }
        }
        guard let signer else { return }
        let new = Checkpoint(origin: old.origin, size: tree.size, root: tree.root)
        files["checkpoint"] = try new.signed(by: signer)
        files["\(old.origin).vkey"] = Array("\(signer.key.vkey)\n".utf8)
    }
}

/// What a page shows in a browser after the key was typed.
struct ShownPage {
    static let browser = "/usr/bin/chromium-headless-shell"
    static var hasBrowser: Bool { unsafe access(browser, X_OK) == 0 }

    let json: JSONValue

    /// Opens pages one after the other.
    static func open(_ pages: [String], key: String, _ options: [String] = []) throws -> [ShownPage] {
        let driver = TestPrograms.repository + "/Tests/EndToEnd/Fixtures/open-pages.py"
        let run = try TestPrograms.run("/usr/bin/python3", [driver, browser, key] + options + ["--"] + pages)
        try #require(run.status == 0, "\(run.output)")
        return try run.output.split(separator: "\n").map { ShownPage(json: try JSONReader.read(Array($0.utf8))) }
    }

    func text(_ name: String) -> String { json[name]?.string ?? "" }

    /// The steps of one status.
    func steps(_ status: String) -> [String] {
        (json["steps"]?.array ?? []).filter { $0.array?.last?.string == status }.compactMap { $0.array?.first?.string }
    }

    /// Whether the page asked the network for nothing and had no fault.
    var isQuiet: Bool { json["requests"] == [] && json["errors"] == [] }
}
