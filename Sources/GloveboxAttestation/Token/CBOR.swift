internal import GloveboxCore

/// CBOR values as tokens need them, in the one deterministic encoding.
///
/// Source: RFC 8949, section 4.2.1.
indirect enum CBOR: Sendable {
    case integer(Int64)
    case bytes([UInt8])
    case text(String)
    case bool(Bool)
    case null
    case array([CBOR])
    /// Keys must differ; the encoder sorts them.
    case map([(CBOR, CBOR)])
    case tagged(UInt64, CBOR)

    /// The same value as JSON has it.
    init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .string(let value): self = .text(value)
        case .array(let values): self = .array(values.map(CBOR.init))
        case .object(let object): self = .map(object.members.map { (.text($0.name), CBOR($0.value)) })
        }
    }

    /// The encoding: shortest heads, definite lengths, map keys in the order of their bytes.
    var encoded: [UInt8] {
        switch self {
        case .integer(let value) where value >= 0: Self.head(0, UInt64(value))
        case .integer(let value): Self.head(1, UInt64(-1 - value))
        case .bytes(let bytes): Self.head(2, UInt64(bytes.count)) + bytes
        case .text(let text): Self.head(3, UInt64(text.utf8.count)) + Array(text.utf8)
        case .array(let values): Self.head(4, UInt64(values.count)) + values.flatMap(\.encoded)
        case .map(let pairs):
            Self.head(5, UInt64(pairs.count))
                + pairs.map { (key: $0.0.encoded, value: $0.1.encoded) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .flatMap { $0.key + $0.value }
        case .tagged(let tag, let value): Self.head(6, tag) + value.encoded
        case .bool(let value): [value ? 0xf5 : 0xf4]
        case .null: [0xf6]
        }
    }

    private static func head(_ major: UInt8, _ value: UInt64) -> [UInt8] {
        let type = major << 5
        return switch value {
        case 0..<24: [type | UInt8(value)]
        case 24...0xff: [type | 24, UInt8(value)]
        case 0x100...0xffff: [type | 25] + DERBytes.bigEndian(value, bytes: 2)
        case 0x1_0000...0xffff_ffff: [type | 26] + DERBytes.bigEndian(value, bytes: 4)
        default: [type | 27] + DERBytes.bigEndian(value, bytes: 8)
        }
    }
}
