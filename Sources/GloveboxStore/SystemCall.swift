internal import Glibc
internal import GloveboxCore

/// The one place where a failed system call becomes an error.
enum SystemCall {
    /// Calls until the call is not interrupted by a signal.
    ///
    /// - Throws: `store.io` or `store.full`, with the call, the path and the reason.
    @discardableResult
    static func retry<Value: SignedInteger>(
        _ name: StaticString,
        _ path: String,
        _ call: () -> Value
    ) throws(GloveboxError) -> Value {
        while true {
            let result = call()
            if result >= 0 { return result }
            let code = errno
            if code != EINTR { throw failure(name, path, code) }
        }
    }

    /// Describes a failed call.
    static func failure(_ name: StaticString, _ path: String, _ code: Int32) -> GloveboxError {
        let reason = unsafe String(cString: strerror(code))
        let isFull = code == ENOSPC || code == EDQUOT
        let kind = isFull ? "store.full" : "store.io"
        return GloveboxError(kind, "\(name) \(Display.escape(path)): \(reason) (errno \(code))")
    }
}
