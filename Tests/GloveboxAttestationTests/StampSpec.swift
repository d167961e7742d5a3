import GloveboxCore
import SwiftASN1
import X509

@testable import GloveboxAttestation

/// How a TimeStampResp is put together, byte by byte; every part can be wrong.
struct StampSpec {
    var time = Scenario.start.adding(seconds: 60)
    var status: UInt8 = 0
    var message: [UInt8]?
    var key: SigningKey?
    var version: UInt8 = 3
    /// `id-ct-TSTInfo`, 1.2.840.113549.1.9.16.1.4.
    var contentType: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 1, 4]
    /// The content of an object identifier; 2.999.1 unless given.
    var policy: [UInt8] = [0x88, 0x37, 1]
    var nonce: [UInt8]?
    var digest: [UInt8]?
    var certificateDigest: [UInt8]?
    var leaveCertificateOut = false
    var serial: [UInt8]?
    var twoSigners = false
    var trailing: [UInt8] = []

    private static let sha256 = seq([6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1])
    private static let ecdsa = seq([6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])

    private static func seq(_ parts: [UInt8]...) -> [UInt8] { DERBytes.wrap(tag: 0x30, parts.flatMap { $0 }) }
    private static func object(_ bytes: [UInt8]) -> [UInt8] { DERBytes.wrap(tag: 6, bytes) }
    private static func octets(_ bytes: [UInt8]) -> [UInt8] { DERBytes.wrap(tag: 4, bytes) }

    private var timeText: String {
        time.text.filter { $0.isNumber } + "Z"
    }

    func response(
        over signature: [UInt8],
        by authority: (chain: TimestampChain, key: SigningKey)
    ) throws -> [UInt8] {
        let imprint = Self.seq(Self.sha256, Self.octets(Hashing.sha256(message ?? signature).bytes))
        let info = Self.seq(
            [2, 1, 1],
            Self.object(policy),
            imprint,
            [2, 1, 7],
            DERBytes.wrap(tag: 0x18, Array(timeText.utf8)),
            nonce.map { DERBytes.wrap(tag: 2, $0) } ?? []
        )
        let signer = try Certificate(derEncoded: authority.chain.signer)
        let signed = try attributes(info, authority.chain.signer)
        let one = try signerInfo(signed, signer, key ?? authority.key)
        let content = Self.seq(
            [2, 1, version],
            DERBytes.wrap(tag: 0x31, Self.sha256),
            Self.seq(Self.object(contentType), DERBytes.wrap(tag: 0xa0, Self.octets(info))),
            DERBytes.wrap(tag: 0x31, twoSigners ? one + one : one)
        )
        let token = Self.seq(
            Self.object([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]),
            DERBytes.wrap(tag: 0xa0, content)
        )
        return Self.seq(Self.seq([2, 1, status]), token) + trailing
    }

    private func attributes(_ info: [UInt8], _ certificate: [UInt8]) throws -> [UInt8] {
        func attribute(_ last: [UInt8], _ value: [UInt8]) -> [UInt8] {
            Self.seq(
                Self.object([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9] + last),
                DERBytes.wrap(tag: 0x31, value)
            )
        }
        let ess = Self.seq(
            Self.seq(Self.seq(Self.octets(certificateDigest ?? Hashing.sha256(certificate).bytes)))
        )
        var all = [
            attribute([3], Self.object(contentType)),
            attribute([4], Self.octets(digest ?? Hashing.sha256(info).bytes)),
        ]
        if !leaveCertificateOut { all.append(attribute([0x10, 2, 0x2f], ess)) }
        return all.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 }
    }

    private func signerInfo(_ attributes: [UInt8], _ signer: Certificate, _ key: SigningKey) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(signer.issuer)
        let name = serializer.serializedBytes
        let signature = try key.signature(over: DERBytes.wrap(tag: 0x31, attributes))
        return Self.seq(
            [2, 1, 1],
            Self.seq(name, DERBytes.wrap(tag: 2, serial ?? Array(signer.serialNumber.bytes))),
            Self.sha256,
            DERBytes.wrap(tag: 0xa0, attributes),
            Self.ecdsa,
            Self.octets(signature)
        )
    }
}
