package import GloveboxCore
internal import Yams

/// Reads the YAML that people write: policies, dataset descriptions, configuration.
///
/// One document, one meaning.
///
/// Refused: anchors, aliases, tags, merge keys, duplicate keys, nesting over 16, tabs in indentation, null, fractions,
/// directives, further documents, and plain scalars that another YAML version reads as something else.
/// Source: release policy section 3.1.
package enum StrictYAML {
    /// Greatest length of a file in bytes.
    package static let maxBytes = 262_144
    /// Greatest nesting of mappings and sequences.
    package static let maxDepth = 16

    /// Reads one document.
    ///
    /// Plain integers become `.integer`, plain `true` and `false` become `.bool`, every other scalar `.string`.
    ///
    /// - Throws: `input.too-large`, `yaml.encoding`, `yaml.syntax`, `yaml.duplicate-key` or `yaml.refused`; the message
    ///   names the line and, inside the document, the key path.
    package static func read(_ bytes: [UInt8]) throws(GloveboxError) -> JSONValue { try readLocated(bytes).value }

    /// Reads one document and tells on which line, from 1, each key path stands, such as `outputs[0].max_rows`.
    ///
    /// - Throws: as ``read(_:)``.
    package static func readLocated(
        _ bytes: [UInt8]
    ) throws(GloveboxError) -> (value: JSONValue, lines: [String: Int]) {
        let text = try checkedText(bytes)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            guard let root = try parser.nextRoot() else {
                throw GloveboxError("yaml.refused", "the file holds no document")
            }
            let value = try StrictNodes(lines: lines).value(root, at: "", depth: 1)
            guard try parser.nextRoot() == nil else {
                throw GloveboxError("yaml.refused", "the file holds more than one document; use one file for each")
            }
            return (value, StrictNodes.lines(root, at: ""))
        } catch let error as GloveboxError {
            throw error
        } catch let error as YamlError {
            throw refusal(error)
        } catch {
            throw GloveboxError("yaml.syntax", "the file is not YAML")
        }
    }

    // What the YAML library would forgive, or read in its own way.
    private static func checkedText(_ bytes: [UInt8]) throws(GloveboxError) -> String {
        guard bytes.count <= maxBytes else {
            throw GloveboxError("input.too-large", "the file has more than \(maxBytes) bytes")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw GloveboxError("yaml.encoding", "the file is not valid UTF-8")
        }
        var line = 1
        var atLineStart = true
        var inIndentation = true
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n":
                line += 1
                atLineStart = true
                inIndentation = true
                continue
            case "\t" where inIndentation: throw at(line, "a tab in the indentation")
            case "%" where atLineStart: throw at(line, "a directive")
            case "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{feff}":
                throw GloveboxError("yaml.encoding", "line \(line): a line end other than LF, or a byte-order mark")
            case " ": break
            default: inIndentation = false
            }
            atLineStart = false
        }
        return text
    }

    private static func at(_ line: Int, _ what: String) -> GloveboxError {
        GloveboxError("yaml.refused", "line \(line): \(what) is not allowed")
    }

    private static func refusal(_ error: YamlError) -> GloveboxError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            GloveboxError("yaml.syntax", "line \(mark.line): \(Display.escape(problem))")
        case .duplicatedKeysInMapping(let names, let context):
            GloveboxError(
                "yaml.duplicate-key",
                "line \(context.mark.line): \(names.map(Display.escape).joined(separator: ", ")) stands twice"
            )
        default: GloveboxError("yaml.syntax", "the file is not YAML")
        }
    }
}
