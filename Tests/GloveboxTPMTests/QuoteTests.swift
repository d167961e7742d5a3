import GloveboxAttestation
import GloveboxCore
import GloveboxTPM
import Testing

@Suite struct QuoteTests {
    @Test func `the data that a quote binds has its known answer`() throws {
        // SHA-256 of "spki" and of "manifest".
        let key = try #require(Digest(hex: "6feecc8c16c5551d9feb3eb5f77e2da773bf68bd9ef9c52927ceb2c86e56892b"))
        let manifest = try #require(Digest(hex: "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f"))
        let binding = QuoteBinding(nonce: Array(0..<32), key: key, manifest: manifest)
        let known = "624a8edd9edfd5fce5cc3011ef746261c1579c07a71207fea5dd6fee763d9c3c"
        #expect(Hex.encode(binding.extraData) == known)
    }

    @Test func `a clock may go on and may not go back`() {
        let seen = TPMClock(milliseconds: 100, resetCount: 3, restartCount: 1)
        #expect(TPMClock(milliseconds: 100, resetCount: 3, restartCount: 1).mayFollow(seen))
        #expect(TPMClock(milliseconds: 101, resetCount: 4, restartCount: 0).mayFollow(seen))
        #expect(!TPMClock(milliseconds: 99, resetCount: 3, restartCount: 1).mayFollow(seen))
        #expect(!TPMClock(milliseconds: 99, resetCount: 4, restartCount: 0).mayFollow(seen))
        #expect(TPMClock(milliseconds: 99, resetCount: 4, restartCount: 0, isSafe: false).mayFollow(seen))
        #expect(!TPMClock(milliseconds: 99, resetCount: 3, restartCount: 2, isSafe: false).mayFollow(seen))
        #expect(!TPMClock(milliseconds: 200, resetCount: 2, restartCount: 9).mayFollow(seen))
        #expect(!TPMClock(milliseconds: 200, resetCount: 3, restartCount: 0).mayFollow(seen))
    }
}
