package import GloveboxCore

/// Why a request did not succeed, with the HTTP status where there was an answer.
package struct RequestFailure: Error, Sendable, CustomStringConvertible {
    /// The error, as the site or the client states it.
    package let error: GloveboxError
    /// The status of the answer; nil when there was none.
    package let status: Int?
    /// The id of the request, to quote to the operator.
    package let instance: String?

    /// Describes a failed request.
    package init(_ error: GloveboxError, status: Int? = nil, instance: String? = nil) {
        self.error = error
        self.status = status
        self.instance = instance
    }

    /// How the command line ends.
    package var exitCode: ExitCode { ExitCode(error, status: status) }

    package var description: String { error.description }
}
