internal import Crypto
internal import GloveboxCore

/// Puts the auditor's page together: a template, its style and script, and the export it checks.
///
/// The page may run that script and no other, use that style and no other, and load nothing.
package struct AuditorPage: Sendable {
    /// Greatest length of all files together that a page carries; of a larger log it asks for the unpacked export.
    package static let maxBytes = 24 << 20

    private let template: String
    private let style: String
    private let script: String

    /// Takes the parts as they are shipped.
    package init(template: [UInt8], style: [UInt8], script: [UInt8]) {
        self.template = String(decoding: template, as: UTF8.self)
        self.style = String(decoding: style, as: UTF8.self)
        self.script = String(decoding: script, as: UTF8.self)
    }

    /// The page with an export's files in it, by their paths.
    package func bytes(files: [(path: String, bytes: [UInt8])]) -> [UInt8] {
        var words = JSONObject()
        for kind in EventKind.allCases { words[kind.rawValue] = .string(kind.words) }
        let data: JSONValue = [
            "files": .object(JSONObject(files.map { ($0.path, .string(Base64.encode($0.bytes))) })),
            "forms": EventSchema.forms, "words": .object(words),
        ]
        // Nothing in the data may end its element.
        let escaped = Self.replace("<", by: "\\u003c", in: String(decoding: CanonicalJSON.encode(data), as: UTF8.self))
        let policy =
            "default-src 'none'; script-src \(Self.source(script)); style-src \(Self.source(style)); base-uri 'none'; "
            + "form-action 'none'"
        var page = template
        for (mark, text) in [("policy", policy), ("style", style), ("data", escaped), ("script", script)] {
            page = Self.replace("{{\(mark)}}", by: text, in: page)
        }
        return Array(page.utf8)
    }

    private static func source(_ text: String) -> String {
        "'sha256-\(Base64.encode(Array(SHA256.hash(data: Array(text.utf8)))))'"
    }

    private static func replace(_ mark: String, by text: String, in whole: String) -> String {
        var out: [UInt8] = []
        var rest = Array(whole.utf8)[...]
        while let range = rest.firstRange(of: mark.utf8) {
            out += rest[..<range.lowerBound] + Array(text.utf8)
            rest = rest[range.upperBound...]
        }
        return String(decoding: out + rest, as: UTF8.self)
    }
}
