package import GloveboxCore

/// Where a site answers: `unix:///path/api.sock`, `https://host:port`, or `http://` on this host alone.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    private enum Place: Hashable {
        case socket(String)
        case network(scheme: String, authority: String)
    }

    private let place: Place

    /// Absolute path of the socket; nil for an address on the network.
    package var socket: String? { if case .socket(let path) = place { path } else { nil } }

    /// Reads an address.
    ///
    /// - Throws: `usage` for anything else, and for plain HTTP to another host.
    package init(_ text: String) throws(GloveboxError) {
        if text.utf8.starts(with: "https://".utf8) {
            place = .network(scheme: "https", authority: try Self.authority(text, text.dropFirst(8)).whole)
        } else if text.utf8.starts(with: "http://".utf8) {
            let authority = try Self.authority(text, text.dropFirst(7))
            guard NetworkAddress(host: authority.host, port: 1, tls: nil).isLoopback else {
                throw GloveboxError(
                    "usage",
                    "plain HTTP would send the token over the network in the clear: \(Display.escape(text))",
                    hint: "Use https://."
                )
            }
            place = .network(scheme: "http", authority: authority.whole)
        } else {
            place = .socket(try Self.path(text))
        }
    }

    private static let hint = "Give unix:// and the socket of the site, or https://HOST:PORT."

    private static func path(_ text: String) throws(GloveboxError) -> String {
        guard text.utf8.starts(with: "unix:///".utf8) else {
            throw GloveboxError("usage", "not a server address: \(Display.escape(text))", hint: hint)
        }
        let path = String(text.dropFirst(7))
        guard path.utf8.count <= longest, !path.utf8.contains(0), path.utf8.last != UInt8(ascii: "/") else {
            throw GloveboxError(
                "usage",
                "the socket's path must have at most \(longest) bytes: \(Display.escape(path))",
                hint: hint
            )
        }
        return path
    }

    private static func authority(
        _ text: String,
        _ rest: Substring
    ) throws(GloveboxError) -> (whole: String, host: String) {
        let refused = GloveboxError("usage", "not a server address: \(Display.escape(text))", hint: hint)
        let whole = rest.utf8.last == UInt8(ascii: "/") ? rest.dropLast() : rest
        var host = whole
        if let colon = whole.lastIndex(of: ":"), !whole[colon...].contains("]") {
            guard let port = UInt16(whole[whole.index(after: colon)...]), port > 0 else { throw refused }
            host = whole[..<colon]
        }
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
            guard
                host.utf8.allSatisfy({ $0 == 0x3a || $0 == 0x2e || Hex.decode("0" + String(UnicodeScalar($0))) != nil })
            else { throw refused }
        } else {
            let isName = host.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 46
            }
            guard isName else { throw refused }
        }
        guard !host.isEmpty, host.utf8.count <= 253 else { throw refused }
        return (String(whole), String(host))
    }

    /// The longest path the kernel takes for a socket, in bytes (unix(7)).
    package static let longest = 107

    package var description: String {
        switch place {
        case .socket(let path): "unix://" + path
        case .network(let scheme, let authority): "\(scheme)://\(authority)"
        }
    }

    /// The address in the form the HTTP client takes: a socket's path stands percent-encoded as the host.
    var base: String {
        switch place {
        case .socket(let path): "http+unix://" + PercentPath.encode(path)
        case .network: description
        }
    }
}
