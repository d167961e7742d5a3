package import GloveboxCore

/// Where a webhook is sent, as its URL says.
///
/// Source: RFC 3986, without user information and fragments.
package struct WebhookTarget: Sendable, Hashable {
    /// The whole URL.
    package let url: String
    /// A name, or an address without brackets.
    package let host: String
    /// Its port; 443 unless given.
    package let port: Int

    /// Host and port as the URL writes them, which is all that others than its account are shown.
    package let authority: String

    /// Reads a URL.
    ///
    /// - Throws: `webhook.url`.
    package init(_ url: String) throws(GloveboxError) {
        let refused = GloveboxError(
            "webhook.url",
            "\(Display.escape(String(url.prefix(200)))) is no URL that webhooks can go to",
            hint: "Write https://, a host, perhaps a port, path and query, in plain characters, 1024 at most."
        )
        guard url.utf8.count <= 1024, url.utf8.starts(with: "https://".utf8),
            url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"\\\"<>^`{|}#".utf8.contains($0) })
        else { throw refused }
        let authority = String(url.dropFirst(8).prefix { $0 != "/" && $0 != "?" })
        var host = authority
        var port = 443
        let end = host.firstIndex(of: "]") ?? host.startIndex
        if let colon = host[end...].lastIndex(of: ":") {
            let text = host[host.index(after: colon)...]
            guard let number = Int(text), String(number) == text, (1...65_535).contains(number) else { throw refused }
            port = number
            host = String(host[..<colon])
        }
        if host.first == "[", host.last == "]" {
            host = String(host.dropFirst().dropLast())
            guard host.utf8.contains(UInt8(ascii: ":")), host.utf8.allSatisfy(Self.isOfAddress) else { throw refused }
        } else {
            // A name in lower case, as it is looked up; what a resolver would read as a number is a plain address or nothing.
            let last = host.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
            let isNumber = last.utf8.first.map { (0x30...0x39).contains($0) } ?? true
            guard host.utf8.allSatisfy(Self.isOfName), !host.utf8.starts(with: ".".utf8),
                !isNumber || Self.isAddress(host)
            else { throw refused }
        }
        (self.url, self.host, self.port, self.authority) = (url, host, port, authority)
    }

    /// Whether the host is an address and no name.
    package var isAddress: Bool { host.utf8.contains(UInt8(ascii: ":")) || Self.isAddress(host) }

    private static func isAddress(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in Int(part).map { (0...255).contains($0) && String($0) == part } ?? false }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || "-._".utf8.contains(byte)
    }

    private static func isOfAddress(_ byte: UInt8) -> Bool {
        (0x61...0x66).contains(byte) || (0x30...0x39).contains(byte) || ":.".utf8.contains(byte)
    }
}
