import GloveboxAttestation
import GloveboxCore
import GloveboxTPM
import Testing

/// The key-encryption key in a real `swtpm`; it is the TPM that refuses, not we.
@Suite(.serialized) struct SealedKeyTests {
    private static let secret = [UInt8](repeating: 0x5a, count: 32)

    /// A TPM with a key sealed for the state it is in, and what opens it.
    private struct Sealed {
        let bench: TPMBench
        let tpm: TPM
        let owner = SigningKey()
        let key: SealedKey
        var policy: SignedUnsealPolicy

        init() throws {
            bench = try TPMBench()
            tpm = try TPM(path: bench.emulator.socket)
            for event in Sample.events { try tpm.extend(MeasuredEvents.pcr, with: event.digest) }
            let present = try tpm.presentPolicy()
            key = try tpm.seal(
                SealedKeyTests.secret,
                owner: PolicyOwner(owner.publicKey),
                generation: present.generation
            )
            policy = try present.signed(by: owner)
        }

        func open(_ policy: SignedUnsealPolicy? = nil, owner other: SigningKey? = nil) throws(GloveboxError) -> [UInt8]
        {
            try tpm.unseal(key, under: policy ?? self.policy, owner: PolicyOwner((other ?? owner).publicKey))
        }
    }

    @Test func `a sealed key opens in the state its owner signed, as often as asked, and from its files`() throws {
        let sealed = try Sealed()
        for _ in 0..<10 { #expect(try sealed.open() == Self.secret) }
        let tpm = sealed.tpm
        let read = try SealedKey(parsing: sealed.key.bytes)
        #expect(read == sealed.key)
        let policy = try SignedUnsealPolicy(parsing: sealed.policy.bytes)
        #expect(policy == sealed.policy)
        #expect(try tpm.unseal(read, under: policy, owner: PolicyOwner(sealed.owner.publicKey)) == Self.secret)
        // The object itself does not hold the key in the clear.
        let bytes = sealed.key.bytes
        #expect(!(0..<bytes.count - 32).contains { Array(bytes[$0..<$0 + 32]) == Self.secret })
    }

    @Test func `a sealed key stays shut when PCR 14 was extended`() throws {
        let sealed = try Sealed()
        try sealed.tpm.extend(MeasuredEvents.pcr, with: Sample.digest(9))
        #expect(throws: GloveboxError("kek.state", "")) { try sealed.open() }
        // A lie about the state is of no use either: the owner did not sign it.
        let lie = try sealed.tpm.presentPolicy(generation: sealed.key.generation).signed(by: SigningKey())
        #expect(throws: GloveboxError("kek.policy", "")) { try sealed.open(lie) }
    }

    @Test func `a sealed key set back after the counter moved stays shut`() throws {
        let sealed = try Sealed()
        try sealed.tpm.increment(TPM.sealCounter)
        #expect(throws: GloveboxError("kek.rollback", "")) { try sealed.open() }
        // Nor does a policy for the next key open the last one.
        let next = try sealed.tpm.presentPolicy().signed(by: sealed.owner)
        #expect(next.policy.generation == sealed.key.generation + 1)
        #expect(throws: GloveboxError("kek.policy", "")) { try sealed.open(next) }
    }

    @Test func `a policy that is unsigned, altered or another owner's opens nothing`() throws {
        let sealed = try Sealed()
        let other = SigningKey()
        let foreign = try sealed.policy.policy.signed(by: other)
        #expect(throws: GloveboxError("kek.policy", "")) { try sealed.open(foreign) }
        #expect(throws: GloveboxError("kek.policy", "")) { try sealed.open(foreign, owner: other) }
        var text = String(decoding: sealed.policy.bytes, as: UTF8.self)
        let old = "\"sig\":\"\(Base64.encode(sealed.policy.signature))\""
        text = text.replacing(old, with: "\"sig\":\"\"")
        #expect(throws: GloveboxError("kek.policy", "")) {
            try sealed.open(SignedUnsealPolicy(parsing: Array(text.utf8)))
        }
        #expect(try sealed.open() == Self.secret)
    }

    @Test func `after an upgrade the owner signs the new state, and withdraws the old one with the counter`() throws {
        let sealed = try Sealed()
        let bench = sealed.bench
        // Another supervisor starts on a TPM that was reset.
        try bench.restart()
        let tpm = try TPM(path: bench.emulator.socket)
        let owner = PolicyOwner(sealed.owner.publicKey)
        try tpm.extend(MeasuredEvents.pcr, with: Sample.digest(8))
        #expect(throws: GloveboxError("kek.state", "")) {
            try tpm.unseal(sealed.key, under: sealed.policy, owner: owner)
        }
        let upgraded = try tpm.presentPolicy(generation: sealed.key.generation).signed(by: sealed.owner)
        let key = try tpm.unseal(sealed.key, under: upgraded, owner: owner)
        #expect(key == Self.secret)
        // Sealed anew for the next generation; what stood before is shut for good.
        try tpm.increment(TPM.sealCounter)
        let present = try tpm.presentPolicy()
        let again = try tpm.seal(key, owner: owner, generation: present.generation)
        #expect(try tpm.unseal(again, under: present.signed(by: sealed.owner), owner: owner) == Self.secret)
        #expect(throws: GloveboxError("kek.rollback", "")) { try tpm.unseal(sealed.key, under: upgraded, owner: owner) }
    }

    @Test func `a key store opens what the owner signed, keeps the old policy when a new one fails, and seals anew`()
        throws
    {
        let bench = try TPMBench()
        let owner = SigningKey()
        let store = SealedKeyStore(directory: bench.state)
        let tpm = try TPM(path: bench.emulator.socket)
        #expect(throws: GloveboxError("kek.missing", "")) { try store.open(in: tpm) }
        let first = try tpm.presentPolicy()
        let foreign = try first.signed(by: SigningKey())
        #expect(throws: GloveboxError("kek.policy", "")) {
            try store.seal(Self.secret, in: tpm, owner: owner.publicKey, under: foreign)
        }
        #expect(throws: GloveboxError("kek.missing", "")) { try store.open(in: tpm) }
        try store.seal(Self.secret, in: tpm, owner: owner.publicKey, under: first.signed(by: owner))
        #expect(try store.open(in: tpm) == Self.secret)
        #expect(throws: GloveboxError("kek.policy", "")) { try store.accept(foreign, in: tpm) }
        #expect(try store.open(in: tpm) == Self.secret)
        // An upgrade: refused until the owner signs.
        try tpm.extend(MeasuredEvents.pcr, with: Sample.digest(8))
        #expect(throws: GloveboxError("kek.state", "")) { try store.open(in: tpm) }
        try store.accept(tpm.presentPolicy(generation: first.generation).signed(by: owner), in: tpm)
        #expect(try store.open(in: tpm) == Self.secret)
        // Another key: the files of the one before are of no use from then on.
        let old = try ["kek.sealed", "kek.policy"].map { ($0, try bench.file(bench.state + "/" + $0)) }
        try tpm.increment(TPM.sealCounter)
        let next = [UInt8](repeating: 0x77, count: 32)
        try store.seal(next, in: tpm, owner: owner.publicKey, under: tpm.presentPolicy().signed(by: owner))
        #expect(try store.open(in: tpm) == next)
        for (name, bytes) in old { try bench.put(bytes, name) }
        #expect(throws: GloveboxError("kek.rollback", "")) { try store.open(in: tpm) }
    }

    @Test func `a sealed key is of no use to another TPM`() throws {
        let sealed = try Sealed()
        let other = try TPMBench()
        let tpm = try TPM(path: other.emulator.socket)
        for event in Sample.events { try tpm.extend(MeasuredEvents.pcr, with: event.digest) }
        let policy = try tpm.presentPolicy(generation: sealed.key.generation).signed(by: sealed.owner)
        #expect(throws: GloveboxError("tpm.refused", "")) {
            try tpm.unseal(sealed.key, under: policy, owner: PolicyOwner(sealed.owner.publicKey))
        }
    }

    @Test func `a TPM that was set back gives no quote`() throws {
        let bench = try TPMBench()
        do {
            let attester = try bench.attester(Sample.events)
            _ = try attester.quote(Sample.binding)
            _ = try attester.quote(Sample.binding)
        }
        // What was last seen stands beyond what this TPM shows.
        let future = TPMClock(milliseconds: 0, resetCount: .max, restartCount: 0)
        try bench.put(future.bytes, "clock")
        try bench.restart()
        let attester = try bench.attester(Sample.events)
        #expect(throws: GloveboxError("tpm.clock", "")) { try attester.quote(Sample.binding) }
    }
}
