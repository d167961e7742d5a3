internal import Glibc
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxLinux
internal import GloveboxTables

/// Has `glovebox-check` parse a hostile file in a jail of its own: no root, no data, no network, one process.
struct CheckerDoor {
    let jails: JailReserve

    /// The checker's answer, validated again; a crash, a kill or a wrong answer is a refusal.
    ///
    /// - Throws: `jail.*` when the checker's jail could not be built.
    func parse(_ bytes: [UInt8], limits: CheckedTable.Limits) throws(GloveboxError) -> CheckerAnswer? {
        guard let answer = try run(bytes, [limits.bytes, limits.rows, limits.cells]) else { return nil }
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
        guard let answer = try run(bytes, [maxBytes] + form.arguments) else { return nil }
        do { return try OpaqueWire.decode(answer, as: form) } catch { return nil }
    }

    private func run(_ bytes: [UInt8], _ numbers: [Int]) throws(GloveboxError) -> [UInt8]? {
        var specification = JailSpecification(
            root: .empty,
            arguments: ["glovebox-check"] + numbers.map(String.init) + ["3", "4"],
            profile: try ShippedProfiles.named("checker")
        )
        let path = try Machine.sibling("glovebox-check")
        let output: Descriptor
        do throws(SyscallError) {
            specification.program = .descriptor(try Descriptor.open(path, O_RDONLY))
            output = try Descriptor.memory(name: "answer")
            specification.descriptors = [try Descriptor.sealed(bytes, name: "input"), output]
        } catch { throw error.coded("checker.input") }
        specification.hasOutput = false
        specification.limits.memory = 512 << 20
        specification.limits.processes = 4
        specification.limits.cpuSeconds = 20
        specification.limits.wallMilliseconds = 30_000
        let result = try JailRun(reserve: jails).run(specification)
        guard case .exited(0) = result.end else { return nil }
        do { return try output.readFromStart(limit: 256 << 20) } catch { return nil }
    }
}
