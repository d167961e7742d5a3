import GloveboxCore
import GloveboxPolicy
import Testing

@testable import GloveboxBroker

@Suite struct SealedKeyTests {
    @Test func `a key opens for the job it was sealed to, and for no other key, plan or bytes`() throws {
        let (job, other) = (KeyRecipient(), KeyRecipient())
        let plan = Digest(sha256: Array("plan".utf8))
        let keys = DatasetKeys()
        let sealed = try SealedKey(sealing: keys.bytes, to: job.publicKey, plan: plan)
        #expect(try job.open(sealed, plan: plan) == keys.bytes)
        #expect(throws: GloveboxError("kbs.hpke", "")) { try other.open(sealed, plan: plan) }
        #expect(throws: GloveboxError("kbs.hpke", "")) { try job.open(sealed, plan: .zero) }
        for place in [0, sealed.ciphertext.count - 1] {
            var bytes = sealed.ciphertext
            bytes[place] ^= 1
            let changed = SealedKey(encapsulated: sealed.encapsulated, ciphertext: bytes)
            #expect(throws: GloveboxError("kbs.hpke", "")) { try job.open(changed, plan: plan) }
        }
        #expect(throws: GloveboxError("kbs.hpke", "")) {
            try SealedKey(sealing: keys.bytes, to: [1, 2, 3], plan: plan)
        }
    }

    @Test func `a nonce is good once, for five minutes, and only where it came from`() throws {
        var nonces = NonceRegister()
        let nonce = try nonces.issue(at: 0)
        #expect(nonce.count == 32)
        #expect(throws: GloveboxError("kbs.nonce", "")) { try nonces.take([UInt8](repeating: 0, count: 32), at: 1) }
        try nonces.take(nonce, at: 1)
        #expect(throws: GloveboxError("kbs.replay", "")) { try nonces.take(nonce, at: 2) }
        let late = try nonces.issue(at: 0)
        #expect(throws: GloveboxError("kbs.nonce", "")) { try nonces.take(late, at: NonceRegister.lifetime + 1) }
        var other = NonceRegister()
        let strange = try nonces.issue(at: 10)
        #expect(throws: GloveboxError("kbs.nonce", "")) { try other.take(strange, at: 11) }
    }

    @Test func `no more nonces are out than a supervisor needs`() throws {
        var nonces = NonceRegister()
        for _ in 0..<1024 { _ = try nonces.issue(at: 0) }
        #expect(throws: GloveboxError("kbs.nonce", "")) { try nonces.issue(at: 1) }
        _ = try nonces.issue(at: NonceRegister.lifetime + 1)
    }
}
