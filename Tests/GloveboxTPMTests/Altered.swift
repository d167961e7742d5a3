import GloveboxAttestation
import GloveboxCore

/// The parts of a quote, each open to a forger.
struct Altered {
    var message: [UInt8]
    var signature: [UInt8]
    var pcrs: [UInt8]
    var attestationKey: [UInt8]
    var events: [UInt8]
    var publicKey: [UInt8]

    init(_ quote: Quote, _ change: (inout Altered) throws -> Void) rethrows {
        message = quote.message
        signature = quote.signature
        pcrs = quote.pcrs
        attestationKey = quote.attestationKey
        events = quote.events.bytes
        publicKey = []
        try change(&self)
    }

    /// As our verifier reads it.
    func quote() throws -> Quote {
        try Quote(
            parsing: CanonicalJSON.encode([
                "msg": .string(Base64.encode(message)), "sig": .string(Base64.encode(signature)),
                "pcrs": .string(Base64.encode(pcrs)), "ak": .string(Base64.encode(attestationKey)),
                "eventLog": JSONReader.read(events),
            ])
        )
    }

    /// As tpm2_checkquote reads it.
    var files: [(name: String, bytes: [UInt8])] {
        let key = (try? AttestationKey(parsing: attestationKey).key.pem) ?? []
        return [
            ("q.msg", message), ("q.sig", signature), ("q.pcrs", pcrs),
            ("q.nonce", Array(Hex.encode(Sample.binding.extraData).utf8)),
            ("ak.pem", publicKey.isEmpty ? key : publicKey),
        ]
    }
}
