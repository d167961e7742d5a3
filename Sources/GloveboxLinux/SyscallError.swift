package import GloveboxCore

/// A system call that failed, and on what.
package struct SyscallError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Name of the call.
    package let call: String
    /// The error number, positive.
    package let errno: Int32
    /// What it was tried on; empty when that adds nothing.
    package let detail: String

    /// Makes an error.
    package init(_ call: String, _ errno: Int32, _ detail: String = "") {
        self.call = call
        self.errno = errno
        self.detail = detail
    }

    package var description: String {
        let place = detail.isEmpty ? "" : " on \(Display.escape(detail))"
        return "\(call)\(place) failed: \(ErrorName.text(errno))"
    }

    /// This error under a stable code, for a module border.
    package func coded(_ code: String, hint: String? = nil) -> GloveboxError {
        GloveboxError(code, description, hint: hint)
    }
}
