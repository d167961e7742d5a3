import Testing

@testable import GloveboxStore

@Suite struct CRC32CTests {
    /// Source: RFC 3720 appendix B.4, and the check value of the Rocksoft model.
    @Test(
        arguments: [
            (Array("123456789".utf8), 0xe306_9283), ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43), ([UInt8](0..<32), 0x46dd_794e), ([], 0),
        ] as [([UInt8], UInt32)]
    )
    func `gives the published values`(bytes: [UInt8], value: UInt32) {
        #expect(CRC32C.checksum(bytes) == value)
        #expect(CRC32C.byTables(bytes[...]) == value)
    }

    @Test func `is the same with the processor's instruction and without, at any length and place`() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 167 + $0 / 7) }
        for start in 0..<9 {
            for end in start..<bytes.count {
                #expect(CRC32C.checksum(bytes[start..<end]) == CRC32C.byTables(bytes[start..<end]))
            }
        }
    }
}
