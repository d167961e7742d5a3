import Foundation
import Testing

/// One value of a published tool, from `Tests/Vectors/disclosure.json`.
struct Vector: CustomTestStringConvertible {
    let id: String
    let kind: String
    let input: [String: Any]
    let params: [String: Any]
    let expected: [String: Any]
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

    static func all(_ kinds: String...) throws -> [Vector] {
        let data = try Data(contentsOf: root.appending(path: "Tests/Vectors/disclosure.json"))
        let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        return try #require(file["vectors"] as? [[String: Any]]).compactMap { vector in
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
