internal import Glibc
package import GloveboxCore

/// What a name of a host stands for, and which of that lies on the open internet.
package enum HostAddresses {
    /// Ranges that are nobody's on the open internet: this host's own, private ones, links, groups, examples, tunnels.
    ///
    /// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 5771; RFC 4291, section 2.4.
    private static let special: [NetworkBlock] = blocks([
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    ])
    /// The whole of IPv4, and what of IPv6 is given out.
    private static let given: [NetworkBlock] = blocks(["0.0.0.0/0", "2000::/3"])

    private static func blocks(_ texts: [String]) -> [NetworkBlock] {
        texts.compactMap { text in
            do throws(GloveboxError) { return try NetworkBlock(text) } catch { return nil }
        }
    }

    /// Whether an address is one of the open internet; text that is no plain address is not.
    package static func isPublic(_ address: String) -> Bool {
        given.contains { $0.contains(address) } && !special.contains { $0.contains(address) }
    }

    /// The addresses of a name, as the host's resolver has them now; an address is its own.
    ///
    /// Blocks for as long as the resolver does.
    ///
    /// - Throws: `webhook.unresolved`.
    package static func resolve(_ host: String) throws(GloveboxError) -> [String] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else {
            throw GloveboxError("webhook.unresolved", "there is no address of \(Display.escape(host))")
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [String] = []
        var next = unsafe list
        while let entry = unsafe next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(text.count)
            if unsafe getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                let address = String(decoding: bytes, as: UTF8.self)
                if !addresses.contains(address) { addresses.append(address) }
            }
            unsafe next = entry.ai_next
        }
        return addresses
    }
}
