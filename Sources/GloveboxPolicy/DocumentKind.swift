package import GloveboxCore

/// The kinds of documents that people write.
package enum DocumentKind: String, CaseIterable, Sendable {
    case output = "OutputPolicy"
    case input = "InputPolicy"
    case processing = "ProcessingPolicy"
    case dataset = "Dataset"

    /// The kind that a document says it is.
    ///
    /// - Throws: `document.value`.
    package init(of value: JSONValue) throws(GloveboxError) {
        guard let word = value["kind"]?.string, let kind = DocumentKind(rawValue: word) else {
            let words = DocumentKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw GloveboxError("document.value", "kind must be one of \(words)")
        }
        self = kind
    }

    /// Checks a whole document of this kind.
    ///
    /// - Throws: `document.*` with the key path, or `policy.invalid`.
    package func read(_ value: JSONValue) throws(GloveboxError) -> PolicyDocument {
        switch self {
        case .output: try OutputPolicy(value).document
        case .input: try InputPolicy(value).document
        case .processing: try ProcessingPolicy(value).document
        case .dataset: try DatasetDescription(value).document
        }
    }

    /// Which of its values are tighter.
    package var rules: TighteningRules {
        switch self {
        case .output: .output
        case .input: .input
        case .processing: .processing
        case .dataset: .none
        }
    }

    /// Whether documents of this kind merge.
    package var merges: Bool { self != .dataset }
}
