internal import Glibc
package import GloveboxCore

/// A range of addresses in CIDR notation, such as `192.0.2.0/24`; one address is a range of its own.
///
/// Source: RFC 4632; RFC 4291, section 2.3.
package struct NetworkBlock: Sendable, Hashable {
    /// 4 or 16 bytes, those beyond the prefix zero.
    private let address: [UInt8]
    private let prefix: Int

    /// Reads a range; IPv4 addresses within IPv6 are IPv4.
    ///
    /// - Throws: `request.invalid`, also where bits are set beyond the prefix.
    package init(_ text: String) throws(GloveboxError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let refused = GloveboxError(
            "request.invalid",
            "\(Display.escape(text)) is no range of addresses",
            hint: "Write it as 192.0.2.0/24 or 2001:db8::/32; nothing is set beyond the prefix."
        )
        guard let address = Self.bytes(of: parts[0]) else { throw refused }
        let bits = address.count * 8
        let prefix: Int
        if parts.count == 1 {
            prefix = bits
        } else {
            guard let number = Int(parts[1]), String(number) == parts[1], (0...bits).contains(number) else {
                throw refused
            }
            prefix = number
        }
        guard Self.masked(address, prefix) == address else { throw refused }
        (self.address, self.prefix) = (address, prefix)
    }

    /// Whether an address in its usual notation lies in it; no other text does.
    package func contains(_ text: String) -> Bool {
        guard let other = Self.bytes(of: text), other.count == address.count else { return false }
        return Self.masked(other, prefix) == address
    }

    /// Whether a range lies in it.
    package func contains(_ other: NetworkBlock) -> Bool {
        other.address.count == address.count && other.prefix >= prefix && Self.masked(other.address, prefix) == address
    }

    private static func masked(_ address: [UInt8], _ prefix: Int) -> [UInt8] {
        address.enumerated().map { place, byte in
            let kept = min(8, max(0, prefix - place * 8))
            return byte & UInt8(truncatingIfNeeded: 0xff00 >> kept)
        }
    }

    private static func bytes(of text: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if unsafe inet_pton(AF_INET, text, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]
        return sixteen.starts(with: mapped) ? Array(sixteen[12...]) : sixteen
    }
}
