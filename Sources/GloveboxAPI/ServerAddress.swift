package import GloveboxCore

/// Where a site answers: so far only a unix socket, `unix:///path/api.sock`.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    /// Absolute path of the socket.
    package let socket: String

    /// Reads an address.
    ///
    /// - Throws: `usage` for anything but `unix://` and an absolute path of at most 107 bytes.
    package init(_ text: String) throws(GloveboxError) {
        let hint = "Give the socket of the site, such as unix:///run/gloveboxd/api.sock."
        guard text.utf8.starts(with: "unix:///".utf8) else {
            throw GloveboxError("usage", "not a server address: \(Display.escape(text))", hint: hint)
        }
        let path = String(text.dropFirst(7))
        guard path.utf8.count <= Self.longest, !path.utf8.contains(0), path.utf8.last != UInt8(ascii: "/") else {
            throw GloveboxError(
                "usage",
                "the socket's path must have at most \(Self.longest) bytes: \(Display.escape(path))",
                hint: hint
            )
        }
        self.socket = path
    }

    /// The longest path the kernel takes for a socket, in bytes (unix(7)).
    package static let longest = 107

    package var description: String { "unix://" + socket }

    /// The address in the form the HTTP client takes: the socket's path stands percent-encoded as the host.
    var base: String { "http+unix://" + PercentPath.encode(socket) }
}
