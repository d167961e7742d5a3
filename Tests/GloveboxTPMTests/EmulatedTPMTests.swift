import Glibc
import GloveboxAttestation
import GloveboxCore
import Testing

@testable import GloveboxTPM

/// A directory of its own with a `swtpm`, and both removed afterwards.
final class TPMBench {
    let directory: String
    let state: String
    private var running: EmulatedTPM?
    var emulator: EmulatedTPM { get throws { try #require(running) } }

    init() throws {
        var template = Array("/tmp/glovebox-tpm-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        let root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try #require(unsafe chmod(root, 0o755) == 0)
        directory = root + "/tpm"
        state = root + "/attester"
        try #require(unsafe mkdir(state, 0o700) == 0)
        running = try EmulatedTPM(directory: directory)
    }

    /// Resets the TPM as a restart of the host does.
    func restart() throws {
        running = nil
        running = try EmulatedTPM(directory: directory)
    }

    deinit {
        let root = directory.dropLast(4)
        guard root.hasPrefix("/tmp/glovebox-tpm-") else { return }
        _ = unsafe Glibc.system("rm -rf '\(root)'")
    }

    func attester(_ events: [MeasuredEvents.Event]) throws -> Attester {
        try Attester(
            TPM(path: emulator.socket),
            state: EventStore(directory: state),
            issuers: [file(emulator.issuer)],
            measuring: events
        )
    }

    func file(_ path: String) throws -> [UInt8] {
        let stream = unsafe try #require(unsafe fopen(path, "r"))
        defer { unsafe fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe fread(&bytes, 1, bytes.count, stream)
        return Array(bytes.prefix(count))
    }

    /// Puts a file into the attester's directory.
    func put(_ bytes: [UInt8], _ name: String) throws {
        let stream = unsafe try #require(unsafe fopen(state + "/" + name, "w"))
        defer { unsafe fclose(stream) }
        try #require(unsafe fwrite(bytes, 1, bytes.count, stream) == bytes.count)
    }

    func write(_ files: [(name: String, bytes: [UInt8])]) throws -> String {
        let folder = state + "/\(UInt64.random(in: .min ... .max))"
        try #require(unsafe mkdir(folder, 0o700) == 0)
        for (name, bytes) in files {
            let stream = unsafe try #require(unsafe fopen(folder + "/" + name, "w"))
            defer { unsafe fclose(stream) }
            try #require(unsafe fwrite(bytes, 1, bytes.count, stream) == bytes.count)
        }
        return folder
    }

    /// Whether tpm2_checkquote accepts the files.
    func publicToolAccepts(_ files: [(name: String, bytes: [UInt8])]) throws -> Bool {
        let folder = try write(files)
        let command = """
            cd '\(folder)' && tpm2_checkquote -u ak.pem -m q.msg -s q.sig -f q.pcrs -g sha256 -q "$(cat q.nonce)" \
            > out 2>&1
            """
        return unsafe Glibc.system(command) == 0
    }
}

enum Sample {
    static func digest(_ fill: UInt8) -> Digest { Digest(bytes: [UInt8](repeating: fill, count: 32)) ?? .zero }
    static let supervisor = digest(1)
    static let launcher = digest(2)
    static let events: [MeasuredEvents.Event] = [
        .init(.supervisor, supervisor), .init(.launcher, launcher), .init(.configuration, digest(3)),
    ]
    static let reference = ReferenceValues(supervisors: [supervisor], launchers: [launcher])
    static let binding = QuoteBinding(nonce: digest(4).bytes, key: digest(5), manifest: digest(6))

    /// Every check, in the order of the verifier; the first code that refuses, or nil.
    static func refusal(
        _ quote: Quote,
        _ trusted: [TrustedAttestationKey],
        root: Report.RootOfTrust = .emulatedTPM,
        binding: QuoteBinding = binding,
        reference: ReferenceValues = reference
    ) -> String? {
        do throws(GloveboxError) {
            let checks = try QuoteChecks(quote)
            try checks.signature()
            try checks.attestationKey(trusted, claiming: root)
            try checks.selection()
            try checks.digest()
            try checks.events(supervisor: supervisor, launcher: launcher, reference: reference)
            try checks.extraData(binding)
            return nil
        } catch { return error.code }
    }
}

@Suite(.serialized) struct EmulatedTPMTests {
    @Test(.enabled(if: geteuid() == 0, "only root starts swtpm as another user"))
    func `a directory that swtpm's user may not enter is named, with what to do`() throws {
        var template = Array("/tmp/glovebox-tpm-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        let closed = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = unsafe Glibc.system("rm -rf '\(closed)'") }
        try #require(unsafe mkdir(closed + "/inner", 0o755) == 0)
        // Root's own group may not help.
        try #require(unsafe chmod(closed, 0o700) == 0)
        let refusal = #expect(throws: GloveboxError("tpm.emulator", "")) {
            try EmulatedTPM(directory: closed + "/inner/tpm")
        }
        #expect(refusal?.message.contains("may not enter \(closed) (mode 700)") == true, "\(refusal?.message ?? "")")
        #expect(refusal?.hint?.contains("chmod a+x \(closed)") == true)
        try #require(unsafe chmod(closed, 0o711) == 0)
        _ = try EmulatedTPM(directory: closed + "/inner/tpm")
    }

    @Test func `a quote of a real swtpm satisfies our checks and tpm2_checkquote`() throws {
        let bench = try TPMBench()
        let attester = try bench.attester(Sample.events)
        let quote = try attester.quote(Sample.binding)
        #expect(Sample.refusal(quote, [attester.trusted]) == nil)
        #expect(try bench.publicToolAccepts(quote.files()))
        #expect(try Quote(parsing: quote.bytes).bytes == quote.bytes)
        #expect(Sample.refusal(quote, [attester.trusted], root: .tpm2) == "tpm.ak")
        #expect(Sample.refusal(quote, []) == "tpm.ak")
        let other = QuoteBinding(nonce: Sample.binding.nonce, key: Sample.digest(9), manifest: Sample.binding.manifest)
        #expect(Sample.refusal(quote, [attester.trusted], binding: other) == "tpm.extra-data")
    }

    @Test func `firmware and configuration are held against what the trust policy lists`() throws {
        let bench = try TPMBench()
        let attester = try bench.attester(Sample.events)
        let quote = try attester.quote(Sample.binding)
        let firmware = try QuoteChecks(quote).message.firmware
        #expect(firmware > 0)
        #expect(Sample.refusal(quote, [attester.trusted.atLeast(firmware)]) == nil)
        #expect(Sample.refusal(quote, [attester.trusted.atLeast(firmware + 1)]) == "tpm.ak")
        var reference = Sample.reference
        for (known, code) in [([Sample.digest(9), Sample.digest(3)], nil), ([Sample.digest(9)], "tpm.event-log")]
            as [([Digest], String?)]
        {
            reference.configurations = known
            #expect(Sample.refusal(quote, [attester.trusted], reference: reference) == code)
        }
    }

    @Test func `a quote whose clock lies before one already seen is refused`() throws {
        let bench = try TPMBench()
        let attester = try bench.attester(Sample.events)
        let first = try QuoteChecks(attester.quote(Sample.binding))
        let second = try QuoteChecks(attester.quote(Sample.binding))
        try second.clock(after: first.message.clock)
        let clock = second.message.clock
        let later = TPMClock(
            milliseconds: clock.milliseconds + 1,
            resetCount: clock.resetCount,
            restartCount: clock.restartCount
        )
        #expect(throws: GloveboxError("tpm.clock", "")) { try second.clock(after: later) }
    }

    @Test func `the attestation key stays, PCR 14 follows starts and resets, and a stranger's extension is refused`()
        throws
    {
        let bench = try TPMBench()
        let first = try bench.attester(Sample.events).trusted
        try bench.restart()
        let second = try bench.attester(Sample.events)
        #expect(second.trusted == first)
        #expect(second.events.events == Sample.events)
        try bench.restart()
        let tpm = try TPM(path: bench.emulator.socket)
        try tpm.extend(MeasuredEvents.pcr, with: Sample.digest(7))
        #expect(throws: GloveboxError("tpm.event-log", "")) {
            try Attester(
                tpm,
                state: EventStore(directory: bench.state),
                issuers: [bench.file(bench.emulator.issuer)],
                measuring: Sample.events
            )
        }
    }

    @Test func `a daemon that starts again without a reset is not measured twice, and another is measured`() throws {
        let bench = try TPMBench()
        let state = EventStore(directory: bench.state)
        let tpm = try TPM(path: bench.emulator.socket)
        func start(_ events: [MeasuredEvents.Event]) throws -> [MeasuredEvents.Event] {
            let issuers = [try bench.file(bench.emulator.issuer)]
            let attester = try Attester(tpm, state: state, issuers: issuers, measuring: events)
            // What the attester of a daemon that ended left loaded.
            for handle in try tpm.handles(from: 0x8000_0000) { try tpm.flush(handle) }
            return attester.events.events
        }
        let other = Array(Sample.events.dropLast()) + [.init(.configuration, Sample.digest(4))]
        #expect(try start(Sample.events) == Sample.events)
        let once = try tpm.presentPolicy().pcr
        #expect(try start(Sample.events) == Sample.events)
        #expect(try tpm.presentPolicy().pcr == once)
        #expect(try start(other) == Sample.events + other)
        #expect(try tpm.presentPolicy().pcr != once)
        #expect(try start(Sample.events) == Sample.events + other + Sample.events)
    }

    @Test func `an emulated TPM that was killed often works on`() throws {
        let bench = try TPMBench()
        let first = try bench.attester(Sample.events).trusted
        for _ in 0..<6 {
            try bench.restart()
            #expect(try bench.attester(Sample.events).trusted == first)
        }
    }

    @Test func `refuses the two forgeries that tpm2_checkquote accepts`() throws {
        let bench = try TPMBench()
        let attester = try bench.attester(Sample.events)
        let quote = try attester.quote(Sample.binding)

        // The values under other numbers than were quoted.
        var pcrs = quote.pcrs
        pcrs.replaceSubrange(7..<10, with: PCRSelection.map([0, 1, 2, 14]))
        let relabelled = Altered(quote) { $0.pcrs = pcrs }
        #expect(try bench.publicToolAccepts(relabelled.files))
        #expect(try Sample.refusal(relabelled.quote(), [attester.trusted]) == "tpm.pcr-selection")

        // A message with another magic, which no restricted key signs but any other key does.
        let forger = SigningKey()
        let message = [0xde, 0xad, 0xbe, 0xef] + quote.message.dropFirst(4)
        let magic = try Altered(quote) {
            $0.message = message
            $0.signature = try TPMSignature.marshal(forger.signature(over: message))
            $0.publicKey = forger.publicKey.pem
        }
        #expect(try bench.publicToolAccepts(magic.files))
        #expect(throws: GloveboxError("tpm.magic", "")) { try QuoteChecks(magic.quote()) }
    }

    @Test func `every byte of the quote counts`() throws {
        let bench = try TPMBench()
        let attester = try bench.attester(Sample.events)
        let quote = try attester.quote(Sample.binding)
        for place in quote.message.indices {
            let changed = try Altered(quote) { $0.message[place] ^= 1 }.quote()
            #expect(Sample.refusal(changed, [attester.trusted]) != nil, "byte \(place) of the message")
        }
        for place in stride(from: 0, to: quote.pcrs.count, by: 3) {
            let changed = try Altered(quote) { $0.pcrs[place] ^= 1 }.quote()
            #expect(Sample.refusal(changed, [attester.trusted]) != nil, "byte \(place) of the PCRs")
        }
        for place in quote.attestationKey.indices {
            let changed = try Altered(quote) { $0.attestationKey[place] ^= 1 }.quote()
            #expect(Sample.refusal(changed, [attester.trusted]) != nil, "byte \(place) of the key")
        }
    }

    @Test func `another type of message, and values that were not quoted, have reasons of their own`() throws {
        let bench = try TPMBench()
        let attester = try bench.attester(Sample.events)
        let quote = try attester.quote(Sample.binding)
        let type = try Altered(quote) { $0.message[5] ^= 1 }.quote()
        #expect(Sample.refusal(type, [attester.trusted]) == "tpm.type")
        // The first value stands after the selection, two lengths and its own.
        let value = try Altered(quote) { $0.pcrs[142] ^= 1 }.quote()
        #expect(Sample.refusal(value, [attester.trusted]) == "tpm.pcr-digest")
    }

    @Test func `a counter only rises, and outlives the TPM's restart`() throws {
        let bench = try TPMBench()
        let index: UInt32 = 0x0180_4742
        do {
            let tpm = try TPM(path: bench.emulator.socket)
            try tpm.defineCounter(index)
            let first = try tpm.counter(index)
            try tpm.increment(index)
            #expect(try tpm.counter(index) == first + 1)
        }
        let before: UInt64
        try bench.restart()
        let tpm = try TPM(path: bench.emulator.socket)
        before = try tpm.counter(index)
        try tpm.increment(index)
        #expect(try tpm.counter(index) == before + 1)
    }
}
