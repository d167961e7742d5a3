internal import Glibc
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxTables

/// Has `glovebox-check` parse a hostile file in a jail of its own: no root, no data, no network, one process.
struct CheckerDoor {
    let jails: JailReserve
    /// The checker, when it is not the one beside this program.
    var program: String?

    /// The checker's answer, validated again; a crash, a kill or a wrong answer is a refusal.
    ///
    /// - Throws: `jail.*` when the checker's jail could not be built.
    func parse(_ bytes: [UInt8], limits: CheckedTable.Limits) throws(GloveboxError) -> CheckerAnswer? {
        let numbers = [limits.bytes, limits.rows, limits.cells, 3, 4]
        guard let answer = try run(numbers, on: bytes, Self.bounds, answerLimit: 256 << 20) else { return nil }
        do { return try CheckerWire.decode(answer, limits: limits) } catch { return nil }
    }

    /// The same for a file that is no table.
    ///
    /// - Throws: `jail.*` when the checker's jail could not be built.
    func parse(
        _ bytes: [UInt8],
        as form: OpaqueFile.Form,
        maxBytes: Int
    ) throws(GloveboxError) -> OpaqueFile.Answer? {
        let numbers = [maxBytes] + form.arguments + [3, 4]
        guard let answer = try run(numbers, on: bytes, Self.bounds, answerLimit: 256 << 20) else { return nil }
        do { return try OpaqueWire.decode(answer, as: form) } catch { return nil }
    }

    /// What the row-leak scan of a file found; nil when the scan did not end as it should, which is no pass.
    ///
    /// The private rows go to the scan's jail as they are read, and what it may use does not grow with them.
    ///
    /// - Throws: `jail.*`, and what the rows' source throws.
    func scan(_ feed: LeakFeed) throws(GloveboxError) -> LeakVerdict? {
        let (feeder, answer) = try converse(feed)
        // Nobody reads any more, so it has ended or is about to.
        try feeder.end()
        guard let answer else { return nil }
        do { return try LeakVerdict(decoding: answer) } catch { return nil }
    }

    /// The scan's end of the socket is gone when this returns.
    private func converse(_ feed: LeakFeed) throws(GloveboxError) -> (LeakFeeder, [UInt8]?) {
        let (ours, theirs): (Descriptor, Descriptor)
        do { (ours, theirs) = try Descriptor.socketPair(stream: true) } catch { throw error.coded("checker.input") }
        let feeder = LeakFeeder(feed, to: ours)
        let numbers = [feed.request.bytes.count, 3, 4, 0]
        return (feeder, try run(numbers, input: theirs, (memory: 256 << 20, seconds: 600), answerLimit: 4096))
    }

    private static let bounds = (memory: 512 << 20, seconds: 20)

    private func run(
        _ numbers: [Int],
        on bytes: [UInt8],
        _ bounds: (memory: Int, seconds: Int),
        answerLimit: Int
    ) throws(GloveboxError) -> [UInt8]? {
        let input: Descriptor
        do { input = try Descriptor.sealed(bytes, name: "input") } catch { throw error.coded("checker.input") }
        return try run(numbers, input: input, bounds, answerLimit: answerLimit)
    }

    private func run(
        _ numbers: [Int],
        input: Descriptor,
        _ bounds: (memory: Int, seconds: Int),
        answerLimit: Int
    ) throws(GloveboxError) -> [UInt8]? {
        var specification = JailSpecification(
            root: .empty,
            arguments: ["glovebox-check"] + numbers.map(String.init),
            profile: try ShippedProfiles.named("checker")
        )
        let path = if let program { program } else { try Machine.sibling("glovebox-check") }
        let output: Descriptor
        do throws(SyscallError) {
            specification.program = .descriptor(try Descriptor.open(path, O_RDONLY))
            output = try Descriptor.memory(name: "answer")
            specification.descriptors = [input, output]
        } catch { throw error.coded("checker.input") }
        specification.hasOutput = false
        specification.limits.memory = UInt64(bounds.memory)
        specification.limits.processes = 4
        specification.limits.cpuSeconds = UInt64(bounds.seconds)
        specification.limits.wallMilliseconds = UInt64(bounds.seconds) * 1500
        let result = try JailRun(reserve: jails).run(specification)
        guard case .exited(0) = result.end else { return nil }
        do { return try output.readFromStart(limit: answerLimit) } catch { return nil }
    }
}
