import GloveboxCore

@testable import GloveboxAttestation

extension Mutations {
    static let quotes: [Mutation] = [
        quote("tpm.signature", "a quote signed by another key") { $0.signer = SigningKey() },
        quote("tpm.clock", "another clock than the report claims") {
            $0.claimedClock = TPMClock(milliseconds: 5001, resetCount: 7, restartCount: 0)
        },
        quote("tpm.clock", "a clock that stood earlier than at the start") {
            $0.clock = TPMClock(milliseconds: 3999, resetCount: 7, restartCount: 0)
        },
        quote("boot.mismatch", "a TPM of a machine that was reset while its run went on") {
            $0.root = .tpm2
            $0.clock = TPMClock(milliseconds: 5000, resetCount: 8, restartCount: 0)
        },
        quote("tpm.extra-data", "a quote for another nonce") { $0.nonce = [UInt8](repeating: 9, count: 32) },
        quote("tpm.pcr-selection", "other PCRs than those of the specification") { $0.selection = [0, 11, 12, 13] },
        quote("tpm.pcr-digest", "another value of a PCR beside the quote") {
            $0.editValues = { $0[1].value[0] ^= 1 }
        },
        quote("tpm.event-log", "another supervisor was measured") {
            $0.events[0] = .init(.supervisor, Scenario.digest("x"))
        },
        quote("tpm.event-log", "something was measured after the configuration") {
            $0.events.append(.init(.launcher, Scenario.digest("launcher")))
        },
        quote("report.conflict", "another file of PCR values than the report's") {
            $0.editFiles = { $0["q.pcrs"] = [UInt8](repeating: 0, count: 668) }
        },
        quote("input.io", "no key beside the quote") { $0.editFiles = { $0["ak.pem"] = nil } },
        quote("tpm.magic", "a message that no TPM made") { $0.magic = 0xff54_4346 },
        quote("tpm.type", "a certification in place of a quote") { $0.type = 0x8017 },
        quote("tpm.ak", "another key's name than the quote's") {
            $0.claimedName = [0, 0x0b] + Scenario.digest("x").bytes
        },
        Mutation("tpm.signature", "a key's name without a quote") {
            $0.editSiteReport = { report, _ in report.attester.keyName = [0, 0x0b] + Scenario.digest("x").bytes }
        },
        trusting("tpm.ak", "a key that the root does not list") { _ in [] },
        trusting("key.expired", "a TPM whose place another took before the report") {
            var key = try $0.trusted()
            key.validTo = Scenario.start
            return [key]
        },
        trusting("tpm.ak", "a TPM of older firmware than counts") { [try $0.trusted(minFirmware: 0x2019_1024)] },
        Mutation("tpm.event-log", "a configuration that the trust policy does not list") {
            $0.editTrust = { $0.reference.configurations = [Scenario.digest("other")] }
            QuoteSpec().vouch(for: &$0)
        },
    ]

    /// A change to what the TPM says.
    private static func quote(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout QuoteSpec) -> Void
    ) -> Mutation {
        Mutation(reason, name) { scenario in
            var spec = QuoteSpec()
            edit(&spec)
            spec.vouch(for: &scenario)
        }
    }

    /// A change to what the root says of the TPM's key.
    private static func trusting(
        _ reason: String,
        _ name: String,
        _ keys: @escaping @Sendable (QuoteSpec) throws -> [TrustedAttestationKey]
    ) -> Mutation {
        Mutation(reason, name) { scenario in
            let spec = QuoteSpec()
            scenario.editTrust = { policy in
                if let keys = try? keys(spec) { policy.attestationKeys = keys }
            }
            spec.vouch(for: &scenario)
        }
    }
}
