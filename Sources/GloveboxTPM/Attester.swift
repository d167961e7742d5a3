internal import Crypto
internal import Foundation
internal import Glibc
package import GloveboxAttestation
package import GloveboxCore
internal import GloveboxLinux
internal import Synchronization

/// A TPM at work for a site: its attestation key loaded, and what it was told measured.
package final class Attester: Sendable {
    /// The site's entry for its trust policy: the key proved to be beside a certified endorsement key at this start.
    package let trusted: TrustedAttestationKey
    /// What was measured into PCR 14 since the TPM was reset.
    package let events: MeasuredEvents
    private let tpm: TPM
    private let key: LoadedKey
    private let attestationKey: AttestationKey
    private let state: EventStore
    private let seen: Mutex<TPMClock?>

    /// Loads or makes the attestation key and has the TPM prove that it holds it.
    ///
    /// - Parameters:
    ///   - tpm: the TPM.
    ///   - state: directory of the wrapped key and of the events.
    ///   - issuers: certificates (PEM) of those who may vouch for endorsement keys.
    ///   - measuring: what to measure, in order; done before this returns.
    /// - Throws: `tpm.*`, `tpm.other` for another TPM than the one that made the key, `tpm.event-log` when someone else
    ///   extended PCR 14.
    package init(
        _ tpm: TPM,
        state: EventStore,
        issuers: [[UInt8]],
        measuring: [MeasuredEvents.Event]
    ) throws(GloveboxError) {
        let primary = try tpm.createPrimary(TPMAlgorithm.endorsement, template: EndorsementKey.template)
        let endorsement = try EndorsementKey(
            area: primary.area,
            certificate: tpm.read(index: EndorsementKey.certificateIndex),
            issuers: issuers
        )
        let wrapped: WrappedKey
        if let known = try state.key() {
            wrapped = known
        } else {
            wrapped = try tpm.create(under: primary.handle, template: Self.template)
            try state.keep(wrapped)
        }
        let key: LoadedKey
        do throws(GloveboxError) { key = try tpm.load(wrapped, under: primary.handle) } catch {
            guard error.code == "tpm.refused" else { throw error }
            throw GloveboxError(
                "tpm.other",
                "this TPM does not load the site's attestation key, so it is not the one that made it, or was cleared since",
                hint: "If it was exchanged on purpose: glovebox keys rotate tpm."
            )
        }
        let attestationKey = try AttestationKey(parsing: tpm.readPublic(key.handle))
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let credential = try Credential(secret, for: attestationKey.name, endorsement: endorsement)
        guard try tpm.activate(credential, key: key.handle, endorsement: primary.handle) == secret else {
            throw GloveboxError("tpm.ak", "the TPM does not hold the attestation key beside its endorsement key")
        }
        try tpm.flush(primary.handle)
        trusted = TrustedAttestationKey(
            name: attestationKey.name,
            endorsementName: endorsement.name,
            rootOfTrust: tpm.isEmulated ? .emulatedTPM : .tpm2
        )
        events = try Self.measure(measuring, tpm, state)
        self.tpm = tpm
        self.state = state
        seen = Mutex(try state.clock())
        self.key = key
        self.attestationKey = attestationKey
    }

    /// Template of the attestation key.
    private static let template = AttestationKey.head + [0, 0, 0, 0]

    /// Extends PCR 14; each event is on disk before the TPM has it, and one that a crash kept from it is dropped again.
    private static func measure(
        _ new: [MeasuredEvents.Event],
        _ tpm: TPM,
        _ state: EventStore
    ) throws(GloveboxError) -> MeasuredEvents {
        let value = try tpm.read([MeasuredEvents.pcr])[MeasuredEvents.pcr]
        var events = try state.events()
        while events.pcrValue != value {
            guard !events.events.isEmpty else {
                throw GloveboxError(
                    "tpm.event-log",
                    "PCR 14 was extended by something else than this site",
                    hint: "Reset the TPM: restart the host."
                )
            }
            events.events.removeLast()
        }
        // A daemon that starts again with the same programs has been measured: a sealed key opens for it still.
        if events.events.suffix(new.count) == new[...] { return events }
        for event in new {
            events.events.append(event)
            try state.keep(events)
            try tpm.extend(MeasuredEvents.pcr, with: event.digest)
        }
        return events
    }

    /// Has the TPM sign its state for one caller, one key and one plan.
    ///
    /// - Throws: `tpm.unavailable`, `tpm.refused`; `tpm.clock` when the TPM was set back since its last quote.
    package func quote(_ binding: QuoteBinding) throws(GloveboxError) -> Quote {
        let pcrs = try tpm.read(PCRSelection.quoted)
        let (message, signature) = try tpm.quote(
            key: key.handle,
            extraData: binding.extraData,
            PCRSelection.quoted
        )
        let quote = Quote(
            message: message,
            signature: signature,
            pcrs: pcrs,
            attestationKey: attestationKey,
            events: events
        )
        let judge = try QuoteChecks(quote)
        try seen.withLock { (seen: inout TPMClock?) throws(GloveboxError) in
            try judge.clock(after: seen)
            try state.keep(judge.message.clock)
            seen = judge.message.clock
        }
        return quote
    }
}
