internal import GloveboxAttestation
package import GloveboxCore

/// A key that is loaded in a TPM.
package struct LoadedKey: Sendable {
    /// Its handle, until it is flushed.
    package let handle: UInt32
    /// Its public area, `TPMT_PUBLIC`.
    package let area: [UInt8]
}

/// A key as a TPM keeps it outside: useless without the TPM that made it.
package struct WrappedKey: Sendable, Equatable {
    /// `TPM2B_PRIVATE`'s content.
    package let secret: [UInt8]
    /// `TPMT_PUBLIC`.
    package let area: [UInt8]

    /// Names both halves.
    package init(secret: [UInt8], area: [UInt8]) {
        self.secret = secret
        self.area = area
    }
}

extension TPM {
    /// `TPM2_CreatePrimary`: the key that a hierarchy's seed and a template give, the same each time.
    package func createPrimary(_ hierarchy: UInt32, template: [UInt8]) throws(GloveboxError) -> LoadedKey {
        var answer = try execute(
            TPMCommand(0x131, [hierarchy], [.password], givesHandle: true) {
                $0.sized([0, 0, 0, 0])  // no password, no data
                $0.sized(template)
                $0.sized([])
                $0.number(UInt32(0))
            }
        )
        return LoadedKey(handle: answer.handle, area: try answer.parameters.sized())
    }

    /// `TPM2_Create`: a new key or sealed secret below a parent that takes the empty password.
    package func create(
        under parent: UInt32,
        template: [UInt8],
        secret: [UInt8] = []
    ) throws(GloveboxError) -> WrappedKey {
        let sensitive = TPMWriter.make {
            $0.sized([])
            $0.sized(secret)
        }
        var answer = try execute(
            TPMCommand(0x153, [parent], [.password]) {
                $0.sized(sensitive)
                $0.sized(template)
                $0.sized([])
                $0.number(UInt32(0))
            }
        )
        let wrapped = try answer.parameters.sized()
        return WrappedKey(secret: wrapped, area: try answer.parameters.sized())
    }

    /// `TPM2_Load`.
    package func load(_ key: WrappedKey, under parent: UInt32) throws(GloveboxError) -> LoadedKey {
        let answer = try execute(
            TPMCommand(0x157, [parent], [.password], givesHandle: true) {
                $0.sized(key.secret)
                $0.sized(key.area)
            }
        )
        return LoadedKey(handle: answer.handle, area: key.area)
    }

    /// `TPM2_LoadExternal` of a public key, to check signatures with.
    package func loadExternal(area: [UInt8]) throws(GloveboxError) -> LoadedKey {
        let answer = try execute(
            TPMCommand(0x167, givesHandle: true) {
                $0.sized([])
                $0.sized(area)
                $0.number(UInt32(0x4000_0001))  // the owner hierarchy, so that its tickets count
            }
        )
        return LoadedKey(handle: answer.handle, area: area)
    }

    /// `TPM2_ReadPublic`: the public area of a loaded key.
    package func readPublic(_ handle: UInt32) throws(GloveboxError) -> [UInt8] {
        var answer = try execute(TPMCommand(0x173, [handle]))
        return try answer.parameters.sized()
    }

    /// `TPM2_ActivateCredential`: opens a credential that was made for that key beside that endorsement key.
    package func activate(
        _ credential: Credential,
        key: UInt32,
        endorsement: UInt32
    ) throws(GloveboxError) -> [UInt8] {
        var answer = try execute(
            TPMCommand(0x147, [key, endorsement], [.password, .password]) {
                $0.sized(credential.object)
                $0.sized(credential.seed)
            }
        )
        return try answer.parameters.sized()
    }
}
