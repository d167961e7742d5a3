internal import Crypto
internal import Foundation
package import GloveboxAttestation
package import GloveboxCore

/// A state in which a TPM may give out a sealed key: what PCR 14 holds, and where a counter stands.
///
/// Source: TCG TPM 2.0 Library, part 3, sections 23.7, 23.9 and 23.16.
package struct UnsealPolicy: Sendable, Equatable {
    /// Value of PCR 14, which supervisor, launcher and configuration give.
    package let pcr: GloveboxCore.Digest
    /// Name of the counter's index: which counter it is, with its attributes.
    package let counterName: [UInt8]
    /// Where the counter stands; moving it withdraws the policy.
    package let counter: UInt64
    /// Which sealed key is meant: the counter's value when it was sealed.
    package let generation: UInt64

    /// States a policy.
    package init(pcr: GloveboxCore.Digest, counterName: [UInt8], counter: UInt64, generation: UInt64) {
        self.pcr = pcr
        self.counterName = counterName
        self.counter = counter
        self.generation = generation
    }

    /// The digest that a session has after `PolicyPCR` and `PolicyNV`.
    package var digest: GloveboxCore.Digest {
        let pcrs = Self.extend(
            .zero,
            0x17f,
            TPMWriter.make { $0.selection(of: [MeasuredEvents.pcr]) } + pcrDigest.bytes
        )
        let operand = TPMWriter.make {
            $0.number(counter)
            $0.number(UInt16(0))
            $0.number(UInt16(0))
        }
        return Self.extend(pcrs, 0x149, Self.sha256(operand).bytes + counterName)
    }

    /// SHA-256 over the selected PCR values, of which there is one.
    var pcrDigest: GloveboxCore.Digest { Self.sha256(pcr.bytes) }

    /// What ties an owner's signature to one sealed key.
    var reference: [UInt8] { Self.reference(generation) }

    /// The bytes of which an owner's signature is made; the TPM compares their SHA-256.
    var signed: [UInt8] { digest.bytes + reference }

    /// What the TPM checks that signature over.
    var signedDigest: GloveboxCore.Digest { Self.sha256(signed) }

    /// Signs the policy.
    ///
    /// - Throws: `key.signing`.
    package func signed(by owner: SigningKey) throws(GloveboxError) -> SignedUnsealPolicy {
        SignedUnsealPolicy(policy: self, signature: try owner.signature(over: signed))
    }

    /// The policy of a sealed key: any state that the owner signs for this generation, and no other.
    static func authorized(by owner: PolicyOwner, generation: UInt64) -> GloveboxCore.Digest {
        sha256(extend(.zero, 0x16a, owner.name).bytes + reference(generation))
    }

    private static func reference(_ generation: UInt64) -> [UInt8] {
        Array("glovebox-kek-v1".utf8) + [0] + TPMWriter.make { $0.number(generation) }
    }

    private static func extend(_ old: GloveboxCore.Digest, _ command: UInt32, _ rest: [UInt8]) -> GloveboxCore.Digest {
        sha256(old.bytes + TPMWriter.make { $0.number(command) } + rest)
    }

    private static func sha256(_ bytes: [UInt8]) -> GloveboxCore.Digest {
        GloveboxCore.Digest(bytes: Array(SHA256.hash(data: bytes))) ?? .zero
    }
}

/// A policy with its owner's signature; the file `kek.policy`.
package struct SignedUnsealPolicy: Sendable, Equatable {
    private static let profile = "glovebox-kek-policy/1"
    /// What is allowed.
    package let policy: UnsealPolicy
    /// ECDSA P-256 with SHA-256, DER.
    package let signature: [UInt8]

    init(policy: UnsealPolicy, signature: [UInt8]) {
        self.policy = policy
        self.signature = signature
    }

    /// Canonical JSON.
    package var bytes: [UInt8] {
        CanonicalJSON.encode([
            "profile": .string(Self.profile), "pcr14": .string(policy.pcr.hex),
            "counterName": .string(Hex.encode(policy.counterName)), "counter": .string(String(policy.counter)),
            "generation": .string(String(policy.generation)), "sig": .string(Base64.encode(signature)),
        ])
    }

    /// Reads the file strictly; whether the signature is right, the TPM says.
    ///
    /// - Throws: codes of the strict reader, `kek.policy`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.readCanonical(bytes), at: "kekPolicy")
        guard try fields.string("profile") == Self.profile,
            let pcr = GloveboxCore.Digest(hex: try fields.string("pcr14")),
            let name = Hex.decode(try fields.string("counterName")), name.count == 34,
            let counter = UInt64(try fields.string("counter")),
            let generation = UInt64(try fields.string("generation")),
            let signature = Base64.decode(try fields.string("sig"))
        else { throw GloveboxError("kek.policy", "the policy of the sealed key has a value of another form") }
        try fields.finish()
        policy = UnsealPolicy(pcr: pcr, counterName: name, counter: counter, generation: generation)
        self.signature = signature
    }
}

/// The owner's P-256 key, as a TPM knows it.
package struct PolicyOwner: Sendable {
    /// The public key.
    package let key: VerifyingKey

    /// Takes up a key.
    package init(_ key: VerifyingKey) { self.key = key }

    /// `TPMT_PUBLIC`: a key from outside that checks ECDSA signatures under SHA-256.
    var area: [UInt8] {
        TPMWriter.make {
            $0.number(TPMAlgorithm.ecc)
            $0.number(TPMAlgorithm.sha256)
            $0.number(UInt32(0x0004_0040))  // sign, userWithAuth
            $0.sized([])
            $0.number(TPMAlgorithm.null)
            $0.number(TPMAlgorithm.ecdsa)
            $0.number(TPMAlgorithm.sha256)
            $0.number(TPMAlgorithm.p256)
            $0.number(TPMAlgorithm.null)
            // The point ends an SPKI: 04, then both halves.
            $0.sized(Array(key.spki.suffix(64).prefix(32)))
            $0.sized(Array(key.spki.suffix(32)))
        }
    }

    /// The key's Name.
    var name: [UInt8] { [0x00, 0x0b] + Array(SHA256.hash(data: area)) }
}
