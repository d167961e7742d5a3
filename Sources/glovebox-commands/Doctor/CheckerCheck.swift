import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import GloveboxLocalCommands

/// Whether `glovebox-check` starts in the jail it gets: no root, its own filter, executed by descriptor.
enum CheckerCheck {
    private static let id = "checker-starts"

    /// Lets it parse a small file.
    static func check() -> Check {
        do {
            let result = try run()
            if case .exited(0) = result.end { return .ok(id, "it answers from its own jail, without a root") }
            let hint = "No output can be released here; report this with the line kernel."
            return .fail(id, "it does not run in its own jail (\(result.end)), so every output is withheld", hint)
        } catch { return .fail(id, error) }
    }

    private static func run() throws(GloveboxError) -> JailResult {
        var specification = JailSpecification(
            root: .empty,
            arguments: ["glovebox-check", "1024", "8", "8", "3", "4"],
            profile: try ShippedProfiles.named("checker")
        )
        let path = try Programs.sibling("glovebox-check")
        do throws(SyscallError) {
            specification.program = .descriptor(try Descriptor.open(path, O_RDONLY))
            specification.descriptors = [
                try Descriptor.sealed(Array("a\n1\n".utf8), name: "input"), try Descriptor.memory(name: "answer"),
            ]
        } catch { throw error.coded("jail.probe") }
        specification.hasOutput = false
        specification.limits.wallMilliseconds = 5000
        return try JailRun(launcher: Programs.sibling("glovebox-jail")).run(specification)
    }
}
