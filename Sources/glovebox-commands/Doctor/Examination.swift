import GloveboxCore
import GloveboxJail
import GloveboxLinux
import GloveboxLocalCommands

/// All checks in their order: the host, a jail, attacks, limits, and what is left afterwards.
struct Examination {
    /// Root of the jails, as given.
    let rootfs: String

    /// Makes the checks; each is told as it comes.
    func run(_ tell: (Check) -> Void) {
        for check in HostChecks.all() + ControlGroupChecks.all() + ProgramChecks.all() { tell(check) }
        let before = Leftovers.now()
        do {
            tell(CheckerCheck.check())
            let runs = try ProbeRuns(root: .named(rootfs))
            let attacks = try AttackChecks(runs: runs)
            for check in attacks.checks() { tell(check) }
            // A program that did not start cannot say anything about limits either.
            guard attacks.started else { return }
            for limit in LimitCheck.all { tell(limit.check(runs)) }
            tell(DaemonCheck(runs: runs).check())
        } catch {
            tell(.fail("jail", error))
            return
        }
        tell(before.check())
    }
}
