import GloveboxCore

@testable import GloveboxAttestation
@testable import GloveboxTPM

/// What a TPM says: quote, key, PCR values, signature, and its answers to commands.
enum TPMTarget: FuzzTarget {
    static let name = "tpm"

    static var seeds: [[UInt8]] {
        let digest = [UInt8](repeating: 7, count: 32)
        let message: [UInt8] =
            [0xff, 0x54, 0x43, 0x47, 0x80, 0x18, 0, 34, 0, 0x0b] + digest + [0, 32] + digest
            + [UInt8](repeating: 0, count: 16) + [1] + [UInt8](repeating: 0, count: 8)
            + [0, 0, 0, 1, 0, 0x0b, 3, 1, 0x58, 0, 0, 32] + digest
        let signature: [UInt8] = [0, 0x18, 0, 0x0b, 0, 32] + digest + [0, 32] + digest
        let pcrs = QuotedPCRs([0, 11, 12, 14].map { ($0, digest) })
        let answer: [UInt8] = [0x80, 0x02, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]
        let events = Array(#"{"events":[]}"#.utf8)
        return [message, signature, pcrs.bytes, answer, events]
    }

    static func read(_ bytes: [UInt8]) {
        do {
            let message = try QuoteMessage(parsing: bytes)
            precondition(message.selection.allSatisfy { (0..<24).contains($0) }, "a PCR that no TPM has")
        } catch {}
        do { _ = try AttestationKey(parsing: bytes) } catch {}
        do {
            let pcrs = try QuotedPCRs(parsing: bytes)
            precondition(pcrs.bytes == bytes, "the PCR values have two forms")
        } catch {}
        do { _ = try TPMSignature.der(bytes) } catch {}
        do { _ = try MeasuredEvents(parsing: bytes) } catch {}
        do { _ = try Quote(parsing: bytes) } catch {}
        for hasSessions in [true, false] {
            do {
                let answer = try TPMAnswer(parsing: bytes, givesHandle: true, hasSessions: hasSessions, code: 0x144)
                var parameters = answer.parameters
                while true { _ = try parameters.sized() }
            } catch {}
        }
        precondition(TPMAnswer.length(bytes) >= 0)
        _ = TPMAnswer.asksAgain(bytes)
    }
}
