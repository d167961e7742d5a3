import GloveboxCore
import Testing

@testable import GloveboxAttestation

@Suite struct QuoteMessageTests {
    /// A quote of PCR 0 whose selection has so many bytes.
    private func message(selectionBytes count: UInt8) -> [UInt8] {
        let digest = [UInt8](repeating: 7, count: 32)
        return [0xff, 0x54, 0x43, 0x47, 0x80, 0x18, 0, 34, 0, 0x0b] + digest + [0, 32] + digest
            + [UInt8](repeating: 0, count: 16) + [1] + [UInt8](repeating: 0, count: 8)
            + [0, 0, 0, 1, 0, 0x0b, count, 1] + [UInt8](repeating: 0, count: Int(count) - 1) + [0, 32] + digest
    }

    @Test func `a quote selects among 24 PCRs, and neither fewer nor more`() throws {
        #expect(try QuoteMessage(parsing: message(selectionBytes: 3)).selection == [0])
        for count: UInt8 in [1, 2, 4, 48, 255] {
            #expect(throws: GloveboxError("tpm.pcr-selection", ""), "\(count)") {
                try QuoteMessage(parsing: message(selectionBytes: count))
            }
        }
    }
}
