import Foundation
import GloveboxCore
import GloveboxTransparency
import Testing

/// The negative corpus of `Tests/Vectors/tlog`: every case gets exactly its code.
@Suite struct CorpusTests {
    /// A line of the index.
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: String
        let name: String
        let code: String
        let bytes: [UInt8]
        /// The log's file that a case of kind `file` takes the place of.
        let path: String?

        var testDescription: String { "\(kind): \(name)" }
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../Vectors/tlog").standardized
    private static let now = Instant(seconds: 1_750_000_000)

    private static func cases() throws -> [Case] {
        let index = try JSONReader.read(Array(Data(contentsOf: folder.appendingPathComponent("index.json"))))
        return try #require(index.array).map { entry in
            func text(_ name: String) throws -> String { try #require(entry[name]?.string) }
            let file = folder.appendingPathComponent("cases/" + (try text("file")))
            return Case(
                kind: try text("kind"),
                name: try text("name"),
                code: try text("code"),
                bytes: Array(try Data(contentsOf: file)),
                path: entry["path"]?.string
            )
        }
    }

    /// Entry i is the two bytes of i, as the generator has it.
    private static func log() throws -> SampleLog {
        try SampleLog((0..<300).map { [UInt8($0 >> 8), UInt8($0 & 255)] })
    }

    /// The code that our readers give a case; empty when they accept it.
    private static func code(_ one: Case) async throws -> String {
        do {
            let key = try NoteKey(vkey: Fixtures.logKey)
            let text = String(decoding: one.bytes, as: UTF8.self)
            switch one.kind {
            case "key": _ = try NoteKey(vkey: text)
            case "path": _ = try TilePath(parsing: text)
            case "policy": _ = try TlogPolicy(parsing: one.bytes)
            case "proof":
                _ = try TlogProof(parsing: one.bytes).verify(entry: Fixtures.entries[5], trust: .key(key), now: now)
            case "checkpoint": _ = try LogTrust.key(key).open(note: one.bytes, now: now)
            case "cosigned":
                let policy = "log \(Fixtures.logKey)\nwitness peer \(Fixtures.witnessKey)\nquorum peer\n"
                let trust = LogTrust.policy(try TlogPolicy(parsing: Array(policy.utf8)), key: nil)
                _ = try trust.open(note: one.bytes, now: now)
            default:
                var log = try log()
                let path = try #require(one.path)
                #expect(log.files[path] != nil)
                log.files[path] = one.bytes
                return try await log.verdict(leaves: false).reason
            }
            return ""
        } catch let error as GloveboxError { return error.code }
    }

    @Test func `every case of the corpus gets its code, and the table of them is printed`() async throws {
        let cases = try Self.cases()
        #expect(cases.count(where: { !$0.code.isEmpty }) >= 120)
        var table = ["| kind | case | due | got |", "|---|---|---|---|"]
        for one in cases {
            let got = try await Self.code(one)
            #expect(got == one.code, "\(one.testDescription)")
            let due = one.code.isEmpty ? "accepted" : one.code
            table.append("| \(one.kind) | \(one.name) | \(due) | \(got.isEmpty ? "accepted" : got) |")
        }
        print(table.joined(separator: "\n"))
    }

    @Test func `no file of the corpus is left out, and the generator's keys are the specification's`() throws {
        let cases = try Self.cases()
        let found = FileManager.default.enumerator(
            at: Self.folder.appendingPathComponent("cases"),
            includingPropertiesForKeys: [.isRegularFileKey]
        )
        let files = try #require(found).compactMap { $0 as? URL }
            .filter { try $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true }
        #expect(files.count == cases.count)
        let known = try #require(cases.first { $0.kind == "checkpoint" && $0.name == "known answer cosigned" })
        #expect(known.bytes == Fixtures.note)
    }

    @Test func `notes, policies and proofs beyond their size are refused`() {
        let long = [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20)
        #expect(throws: GloveboxError("log.note-format", "")) { try SignedNote(parsing: Fixtures.note + long) }
        let policy = Array("log \(Fixtures.logKey)\nquorum none\n".utf8)
        #expect(throws: GloveboxError("log.policy", "")) { try TlogPolicy(parsing: policy + long) }
        #expect(throws: GloveboxError("log.proof-format", "")) { try TlogProof(parsing: long + long + [10]) }
    }
}
