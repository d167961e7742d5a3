import Foundation
import GloveboxPrivacy
import Testing

/// One value of a published tool, from ``Vectors/file``.
struct Vector: CustomTestStringConvertible {
    let id: String
    let kind: String
    let input: [String: Any]
    let params: [String: Any]
    let expected: [String: Any]
    /// How far a number may be off, relative to it.
    let tolerance: Double

    var testDescription: String { "\(id) \(kind)" }

    /// An expected number.
    func number(_ name: String) throws -> Double { try #require(expected[name] as? NSNumber).doubleValue }

    /// Expected numbers.
    func numbers(_ name: String) throws -> [Double] { try #require(expected[name] as? [NSNumber]).map(\.doubleValue) }

    /// A number of the input.
    func given(_ name: String) throws -> Double { try #require(input[name] as? NSNumber).doubleValue }

    /// Numbers of the input.
    func givens(_ name: String) throws -> [Double] { try #require(input[name] as? [NSNumber]).map(\.doubleValue) }
}

enum Vectors {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The file that `GLOVEBOX_DISCLOSURE_VECTORS` names, else our own.
    static let file =
        ProcessInfo.processInfo.environment["GLOVEBOX_DISCLOSURE_VECTORS"].map { URL(filePath: $0) }
        ?? root.appending(path: "Tests/Vectors/disclosure.json")
    private static let isOwn = ProcessInfo.processInfo.environment["GLOVEBOX_DISCLOSURE_VECTORS"] == nil

    /// The vectors of some kinds; our own file has some of each, another may have none.
    static func all(_ kinds: String...) throws -> [Vector] {
        let data = try Data(contentsOf: file)
        let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let vectors = try #require(file["vectors"] as? [[String: Any]])
        let missing = isOwn ? kinds.filter { kind in !vectors.contains { $0["kind"] as? String == kind } } : []
        try #require(missing.isEmpty, "no vector of \(missing)")
        return vectors.compactMap { vector in
            guard let kind = vector["kind"] as? String, kinds.contains(kind) else { return nil }
            return Vector(
                id: vector["id"] as? String ?? "",
                kind: kind,
                input: vector["input"] as? [String: Any] ?? [:],
                params: vector["params"] as? [String: Any] ?? [:],
                expected: vector["expected"] as? [String: Any] ?? [:],
                tolerance: (vector["tolerance_rel"] as? NSNumber)?.doubleValue ?? 0
            )
        }
    }
}

extension Rho {
    /// The amount, for comparisons with published numbers.
    var value: Double { Double(units) / 1e12 }
}
