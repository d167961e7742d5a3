import GloveboxCore

@testable import GloveboxAttestation

/// A TPM made of software, which can say what a real one never would; the default is what a real one says.
struct QuoteSpec {
    let key = SigningKey()
    var signer: SigningKey?
    var magic = QuoteMessage.magic
    var type = QuoteMessage.type
    var clock = TPMClock(milliseconds: 5000, resetCount: 7, restartCount: 0)
    var claimedClock: TPMClock?
    var root = Report.RootOfTrust.emulatedTPM
    var firmware: UInt64 = 0x2019_1023
    var selection = PCRSelection.quoted
    var nonce: [UInt8]?
    var claimedName: [UInt8]?
    var events: [MeasuredEvents.Event] = [
        .init(.supervisor, Scenario.digest("supervisor")), .init(.launcher, Scenario.digest("launcher")),
        .init(.configuration, Scenario.digest("config")),
    ]
    var editValues: (inout [(index: Int, value: [UInt8])]) -> Void = { _ in }
    var editFiles: (inout [String: [UInt8]]) -> Void = { _ in }

    private static let endorsementName: [UInt8] = [0x00, 0x0b] + Scenario.digest("ek").bytes

    private var attestationKey: AttestationKey {
        get throws {
            let point = Array(key.publicKey.spki.suffix(64))
            let area = TPMWriter.make {
                $0.raw(AttestationKey.head)
                $0.sized(Array(point.prefix(32)))
                $0.sized(Array(point.suffix(32)))
            }
            return try AttestationKey(parsing: area)
        }
    }

    /// What the root says of the key.
    func trusted(minFirmware: UInt64 = 0) throws -> TrustedAttestationKey {
        TrustedAttestationKey(
            name: try attestationKey.name,
            endorsementName: Self.endorsementName,
            rootOfTrust: root,
            minFirmware: minFirmware
        )
    }

    /// A quote for a report or start statement that a leaf signs.
    func quote(_ report: Report, leaf: SigningKey, clock: TPMClock) throws -> Quote {
        let measured = MeasuredEvents(events)
        var values = PCRSelection.quoted.map { index in
            (index: index, value: index == MeasuredEvents.pcr ? measured.pcrValue : [UInt8](repeating: 0, count: 32))
        }
        let digest = QuotedPCRs(values).digest
        editValues(&values)
        let binding = QuoteBinding(
            nonce: nonce ?? report.nonce,
            key: leaf.publicKey.digest,
            manifest: report.manifestDigest
        )
        let name = try attestationKey.qualifiedName(under: Self.endorsementName)
        let message = TPMWriter.make {
            $0.number(magic)
            $0.number(type)
            $0.sized(name)
            $0.sized(binding.extraData)
            $0.raw(clock.bytes)
            $0.number(firmware)
            $0.number(UInt32(1))
            $0.number(TPMAlgorithm.sha256)
            $0.number(UInt8(3))
            $0.raw(PCRSelection.map(selection))
            $0.sized(digest)
        }
        return Quote(
            message: message,
            signature: try TPMSignature.marshal((signer ?? key).signature(over: message)),
            pcrs: QuotedPCRs(values),
            attestationKey: try attestationKey,
            events: measured
        )
    }

    /// Has this TPM vouch for report and start statement of a scenario.
    func vouch(for scenario: inout Scenario) {
        let (before, spec) = (scenario.editReport, self)
        let (leaf, startLeaf) = (scenario.leaf.key, scenario.startSpec.leaf.key)
        scenario.editReport = {
            before(&$0)
            $0.assurance.rootOfTrust = spec.root
        }
        let early = TPMClock(milliseconds: 4000, resetCount: 7, restartCount: 0)
        scenario.startSpec.editReport = { start, _ in
            start.attester.keyName = try spec.attestationKey.name
            start.quote = try QuoteSpec.copy(of: spec).quote(start, leaf: startLeaf, clock: early)
        }
        scenario.editSiteReport = { report, _ in
            report.quote = try spec.quote(report, leaf: leaf, clock: spec.clock)
            report.attester.keyName = try spec.claimedName ?? spec.attestationKey.name
            report.time.tpm = spec.claimedClock ?? spec.clock
        }
        let trust = scenario.editTrust
        scenario.editTrust = { policy in
            if let key = try? spec.trusted() { policy.attestationKeys = [key] }
            trust(&policy)
        }
        scenario.editEvidence = { files in
            let report = files["report.dsse.json"].flatMap { try? Envelope(parsing: $0).payload }
                .flatMap { try? Report(predicate: Statement(parsing: $0, expecting: .report).predicate) }
            for file in (try? report?.quote?.files()) ?? [] { files[file.name] = file.bytes }
            // Files that our reader makes out of nothing else, other tools read by themselves.
            spec.editFiles(&files)
        }
    }

    /// The same TPM, saying what a real one says.
    private static func copy(of spec: QuoteSpec) -> QuoteSpec {
        var sound = spec
        (sound.signer, sound.nonce, sound.selection) = (nil, nil, PCRSelection.quoted)
        (sound.magic, sound.type, sound.editValues) = (QuoteMessage.magic, QuoteMessage.type, { _ in })
        return sound
    }
}
