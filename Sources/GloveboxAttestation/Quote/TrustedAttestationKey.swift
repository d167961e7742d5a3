package import GloveboxCore

/// An attestation key that the root vouches for, after its TPM proved to hold it beside an endorsement key.
package struct TrustedAttestationKey: Sendable, Equatable, Wire {
    /// Name of the key.
    package let name: [UInt8]
    /// Name of the endorsement key above it.
    package let endorsementName: [UInt8]
    /// What the TPM is: `emulated-swtpm` or `tpm2`.
    package let rootOfTrust: Report.RootOfTrust
    /// Least firmware version that still counts.
    package private(set) var minFirmware: UInt64
    /// Since when every statement of the site carries a quote under this key; nil in policies from before that was said.
    package var validFrom: Instant?
    /// When another TPM took its place; from then on a quote under this key counts no more.
    package var validTo: Instant?

    /// What revokes the key: SHA-256 of its public area, which its name ends with.
    package var digest: Digest { Digest(bytes: Array(name.suffix(32))) ?? .zero }

    /// Vouches for a key.
    package init(
        name: [UInt8],
        endorsementName: [UInt8],
        rootOfTrust: Report.RootOfTrust,
        minFirmware: UInt64 = 0
    ) {
        self.name = name
        self.endorsementName = endorsementName
        self.rootOfTrust = rootOfTrust
        self.minFirmware = minFirmware
    }

    /// Whether it is the same key of the same TPM.
    package func isSameKey(as other: TrustedAttestationKey) -> Bool {
        name == other.name && endorsementName == other.endorsementName && rootOfTrust == other.rootOfTrust
    }

    /// The same key, whose TPM must have that firmware at least.
    package func atLeast(_ firmware: UInt64) -> TrustedAttestationKey {
        var key = self
        key.minFirmware = firmware
        return key
    }

    var json: JSONValue {
        .members([
            ("name", .string(Hex.encode(name))), ("endorsement", .string(Hex.encode(endorsementName))),
            ("rootOfTrust", .string(rootOfTrust.rawValue)), ("minFirmware", .decimal(minFirmware)),
            ("from", validFrom.map { .string($0.text) }), ("to", validTo.map { .string($0.text) }),
        ])
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        guard let name = Hex.decode(try fields.string("name")), name.count == 34,
            let endorsement = Hex.decode(try fields.string("endorsement")), [34, 50].contains(endorsement.count)
        else { throw GloveboxError("schema.type", "a TPM key's Name is not hex of its length") }
        self.name = name
        self.endorsementName = endorsement
        self.rootOfTrust = try fields.choice("rootOfTrust")
        self.minFirmware = try fields.decimal("minFirmware")
        self.validFrom = try fields.optionalTime("from")
        self.validTo = try fields.optionalTime("to")
        guard rootOfTrust == .emulatedTPM || rootOfTrust == .tpm2 else {
            throw GloveboxError("schema.value", "an attestation key is in emulated-swtpm or tpm2")
        }
    }
}
