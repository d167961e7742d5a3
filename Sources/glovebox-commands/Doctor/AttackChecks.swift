import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux

/// One real jail with its protections, and every attack in it and outside.
struct AttackChecks {
    private let inside: ProbeRuns.Inside
    private let before: [String: Int]
    private let results: [String: Int]

    /// Runs all attacks in a jail and outside.
    init(runs: ProbeRuns) throws(GloveboxError) {
        let socket = "glovebox-doctor-\(getpid())"
        let listener = try ProbeSocket.listen(socket)
        defer { withExtendedLifetime(listener) {} }
        func arguments(_ scratch: String) -> [String] { ["attacks", String(getpid()), scratch, socket] }
        inside = try runs.inside(arguments("/tmp"))
        results = Self.results(inside.output)
        let scratch = try ScratchDirectory()
        before = Self.results(try runs.outside(arguments(scratch.path), extra: listener).output)
    }

    /// Whether the program started in the jail.
    var started: Bool { !results.isEmpty }

    /// The protections, then the attacks.
    func checks() -> [Check] {
        let protections = inside.result.protections
        var checks = [jail()]
        checks += protections.inForce.map { .ok($0, "in force") }
        let fallbacks = protections.fallbacks(isBuilt: true).joined(separator: ", ")
        checks.append(
            fallbacks.isEmpty
                ? .ok("isolation", "full: plans that demand it run here")
                : .warn("isolation", "no plan that demands full isolation runs here, for want of \(fallbacks)")
        )
        checks += protections.weaker.map { .warn($0.name, "not in force: " + $0.reason, Self.hint($0.name)) }
        guard started else { return checks }
        return checks + Attack.all.map(check) + [told()]
    }

    private func jail() -> Check {
        guard started else {
            let said = inside.error.split(separator: "\n").first.map { ": " + $0 } ?? " (\(inside.result.end))"
            let hint = "Use a root that has this program's libraries, or a statically linked release."
            return .fail("jail", "a jail was built, but this program cannot start in its root\(said)", hint)
        }
        return .ok("jail", "built, compared with its plan by the kernel's own account, and ended by itself")
    }

    private func check(_ attack: Attack) -> Check {
        guard let result = results[attack.name] else {
            return .fail(attack.name, "\(attack.what): the probe ended before it tried (\(inside.result.end))")
        }
        let weaker = inside.result.protections.weaker.first { $0.name == attack.needs }
        guard attack.isStopped(result) else {
            if let weaker { return .warn(attack.name, "\(attack.what): possible here, because \(weaker.reason)") }
            return .fail(attack.name, "\(attack.what): possible in the jail", "Run no job here, and report this.")
        }
        let stopped = "\(attack.what): stopped, \(ErrorName.text(Int32(clamping: -result)))"
        guard let outside = before[attack.name] else {
            return .warn(attack.name, stopped + ", but it could not be tried outside")
        }
        if attack.isStopped(outside) {
            let why = ErrorName.text(Int32(clamping: -outside))
            return .ok(attack.name, "\(stopped), but blocked on the host already: \(why)")
        }
        return .ok(attack.name, stopped)
    }

    private func told() -> Check {
        let denied = inside.result.denied
        if let first = denied.first {
            return .ok("denials-told", "\(denied.count) kinds, such as \(first.text.prefix { $0 != "," })")
        }
        return .fail("denials-told", "no denied call was told to the supervisor")
    }

    private static func hint(_ name: String) -> String? {
        switch name {
        case "unique-ids", "groups-empty": "See id-ranges above; or run the service as root."
        case "control-groups", "cpuset", "disk-rate": "See control-group-layout above."
        case "own-inodes": "Show directories below which nothing is mounted, and which are no stack of overlays."
        case "landlock": "See landlock-version above."
        default: nil
        }
    }

    /// The lines `NAME blocked|open RESULT`.
    private static func results(_ output: String) -> [String: Int] {
        var results: [String: Int] = [:]
        for line in output.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count == 3, let result = Int(fields[2]) { results[String(fields[0])] = result }
        }
        return results
    }
}
