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

    /// What is wrong where, when it is known for single members of a request.
    package let causes: [Cause]

    /// One thing that is wrong with a request.
    package struct Cause: Sendable, Hashable {
        /// The member, as a JSON pointer (RFC 6901).
        package let pointer: String
        /// A stable code.
        package let code: String
        /// What is wrong with it.
        package let message: String

        /// Names a cause.
        package init(_ pointer: String, _ code: String, _ message: String) {
            self.pointer = pointer
            self.code = code
            self.message = message
        }
    }

    /// Makes an error.
    package init(_ code: String, _ message: String, hint: String? = nil, causes: [Cause] = []) {
        self.code = code
        self.message = message
        self.hint = hint
        self.causes = causes
    }

    package var description: String { hint.map { "\(message) [\(code)]. \($0)" } ?? "\(message) [\(code)]" }

    package static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}
