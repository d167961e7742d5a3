import GloveboxBroker
import GloveboxCore
import Testing

@Suite struct BrokerTests {
    private let key = [UInt8](repeating: 7, count: 32)

    @Test(arguments: [0, 1, 65535, 65536, 65537, 200_000])
    func `sealed bytes open again`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let sealed = try SealedChunks.seal(bytes, key: key, label: "a")
        #expect(try SealedChunks.open(sealed, key: key, label: "a") == bytes)
    }

    @Test(arguments: [1000, 65535, 65536, 65537, 200_000])
    func `bytes that are sealed piece by piece are sealed as they are at once`(size: Int) throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for count in [0, 1, 65536, 131_072, 200_000] {
            var sealer = SealedChunks.Sealer(key: key, label: "a")
            var sealed: [UInt8] = []
            for start in stride(from: 0, to: count, by: size) {
                sealed += try sealer.seal(Array(bytes[start..<min(start + size, count)]))
            }
            sealed += try sealer.finish()
            #expect(try SealedChunks.open(sealed, key: key, label: "a") == Array(bytes[..<count]))
        }
    }

    @Test func `a cut, an exchange of chunks, a changed byte, another label or key is refused`() throws {
        let chunk = 65536 + 16
        let sealed = try SealedChunks.seal([UInt8](repeating: 1, count: 150_000), key: key, label: "a")
        var wrong: [[UInt8]] = [
            Array(sealed.prefix(12 + chunk)), Array(sealed.prefix(12 + 2 * chunk)), Array(sealed.dropLast()),
        ]
        wrong.append(
            Array(
                sealed[..<12] + sealed[(12 + chunk)..<(12 + 2 * chunk)] + sealed[12..<(12 + chunk)]
                    + sealed[(12 + 2 * chunk)...]
            )
        )
        for place in [0, 6, 20, sealed.count - 1] {
            var changed = sealed
            changed[place] ^= 1
            wrong.append(changed)
        }
        for bytes in wrong {
            #expect(throws: GloveboxError("broker.open", "")) { try SealedChunks.open(bytes, key: key, label: "a") }
        }
        #expect(throws: GloveboxError("broker.open", "")) { try SealedChunks.open(sealed, key: key, label: "b") }
        let other = [UInt8](repeating: 8, count: 32)
        #expect(throws: GloveboxError("broker.open", "")) { try SealedChunks.open(sealed, key: other, label: "a") }
    }

    @Test func `a commitment has its known answer`() {
        let salt = (0..<32).map { UInt8($0) }
        let value = DatasetCommitment.commit(Array("hello".utf8), salt: salt)
        #expect(value.hex == "5ab0f659b39aa48cec77d006885111e784f7f6fb9b363e8f5937e12e9ee4d1f8")
    }
}
