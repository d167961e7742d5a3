/// What went wrong at a module border: a stable code, a sentence for people, and what to do about it.
///
/// Equality looks at the code alone, so that a reworded message breaks no caller.
package struct GloveboxError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A stable dotted code, such as `jail.mount-failed`.
    package let code: String
    /// What happened and why, in a sentence.
    ///
    /// Never quotes private data.
    package let message: String
    /// What the reader can do, or nil.
    package let hint: String?

    /// Makes an error.
    package init(_ code: String, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { hint.map { "\(message) [\(code)]. \($0)" } ?? "\(message) [\(code)]" }

    package static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
