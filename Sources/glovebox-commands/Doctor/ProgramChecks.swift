import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import GloveboxLocalCommands
import GloveboxMeasure

/// Whether the programs of this release stand beside this one.
enum ProgramChecks {
    /// The launcher and the checker.
    static func all() -> [Check] {
        [
            program("launcher", "glovebox-jail", mustBeStatic: true, else: "no jail can be built"),
            program("checker", "glovebox-check", mustBeStatic: false, else: "no output can be checked"),
            filters(),
        ]
    }

    /// Whether this host's libseccomp makes of each profile what the jails load.
    private static func filters() -> Check {
        do {
            for name in ShippedProfiles.names {
                let profile = try ShippedProfiles.named(name)
                guard try profile.compiled() == profile.compiledAnew() else {
                    let detail = "libseccomp here makes another program of profile \(name) than the one that is loaded"
                    return .warn("filters", detail, "Compare: glovebox jail filter \(name) [--anew].")
                }
            }
            return .ok("filters", "libseccomp here makes of each profile the program that is loaded")
        } catch { return .fail("filters", error) }
    }

    private static func program(
        _ id: String,
        _ name: String,
        mustBeStatic: Bool,
        else consequence: String
    ) -> Check {
        do {
            let path = try Programs.sibling(name)
            guard HostText.has(path, X_OK) else {
                let hint = "Put it beside glovebox, from the same release."
                return .fail(id, "\(path) cannot be executed: \(consequence)", hint)
            }
            let bytes = try read(path)
            let digest = SHA256Stream.digest(bytes)
            guard isStatic(bytes) else {
                let detail = "\(path) is linked dynamically, \(digest)"
                return mustBeStatic
                    ? .fail(
                        id,
                        detail + ": libraries of the host would run with its privileges",
                        "Install the release."
                    )
                    : .warn(id, detail + ": it does not start in an empty root", "Install the release.")
            }
            return .ok(id, "\(path), static, \(digest)")
        } catch { return .fail(id, error) }
    }

    private static func read(_ path: String) throws(GloveboxError) -> [UInt8] {
        do { return try Descriptor.open(path, O_RDONLY).readAll(limit: 256 << 20) } catch {
            throw error.coded("input.io")
        }
    }

    /// Whether a 64-bit ELF file names no interpreter (program header PT_INTERP, 3).
    private static func isStatic(_ file: [UInt8]) -> Bool {
        func number(_ offset: Int, _ width: Int) -> Int {
            guard offset >= 0, offset + width <= file.count else { return 0 }
            return (0..<width).reversed().reduce(0) { $0 << 8 | Int(file[offset + $1]) }
        }
        guard file.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2]) else { return false }
        let (table, size, count) = (number(32, 4), number(54, 2), number(56, 2))
        return count > 0 && (0..<count).allSatisfy { number(table + $0 * size, 4) != 3 }
    }
}
