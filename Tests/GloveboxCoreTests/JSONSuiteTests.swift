import Foundation
import GloveboxCore
import Testing

/// The strict reader against a public suite of JSON texts: `y_` valid, `n_` invalid, `i_` left to the reader.
@Suite struct JSONSuiteTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
    }

    static let cases: [Case] = {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appending(path: "Vectors/json/parsing.json")
        guard let data = try? Data(contentsOf: file), let suite = try? JSONReader.read(Array(data)) else { return [] }
        return (suite["cases"]?.array ?? []).map { entry in
            let name = entry["name"]?.string ?? ""
            if let text = entry["base64"]?.string {
                return Case(testDescription: name, bytes: Base64.decode(text) ?? [])
            }
            let unit = Array((entry["unit"]?.string ?? "").utf8)
            let repeated = [[UInt8]](repeating: unit, count: Int(entry["count"]?.integer ?? 0)).joined()
            return Case(testDescription: name, bytes: repeated + Array((entry["rest"]?.string ?? "").utf8))
        }
    }()

    /// Valid JSON that the strict reader refuses, since it has two readings or none that is exact.
    static let strict: Set<String> = ["json.number", "json.duplicate-key", "json.encoding"]

    @Test func `the suite is there`() { #expect(Self.cases.count == 318) }

    @Test(arguments: cases.filter { $0.testDescription.hasPrefix("n_") })
    func `refuses what is no JSON`(text: Case) {
        #expect(throws: GloveboxError.self) { try JSONReader.read(text.bytes) }
    }

    @Test(arguments: cases.filter { !$0.testDescription.hasPrefix("n_") })
    func `reads valid JSON to one value, or refuses it for a stated strictness`(text: Case) throws {
        do throws(GloveboxError) {
            let value = try JSONReader.read(text.bytes)
            let again = try JSONReader.readCanonical(CanonicalJSON.encode(value))
            #expect(again == value)
        } catch {
            let allowed =
                text.testDescription.hasPrefix("y_") ? Self.strict : Self.strict.union(["json.syntax", "json.depth"])
            #expect(allowed.contains(error.code), "\(error)")
        }
    }
}
