import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux

/// A limit of the jail, run into on purpose; the same program outside must get past it.
struct LimitCheck: Sendable {
    /// What a run in a jail shows.
    enum Verdict {
        /// The limit held; how it was told.
        case held(String)
        /// Something weaker held.
        case weaker(String)
        /// It did not hold.
        case broken(String)
    }

    /// Name of the check.
    let name: String
    /// What is tried.
    let what: String
    /// Name of the probe, and the directory it writes in.
    let probe: String
    var directory = "/tmp"
    /// Sets the limit.
    var change: @Sendable (inout JailSpecification) -> Void = { _ in }
    /// Judges the run in the jail.
    let judge: @Sendable (ProbeRuns.Inside) -> Verdict
    /// Whether the run outside got past the limit.
    let passes: @Sendable (ProbeRuns.Outside) -> Bool

    /// Runs it in a jail and outside.
    func check(_ runs: ProbeRuns) -> Check {
        do {
            let inside = try runs.inside([probe, "0", directory], change)
            let scratch = try ScratchDirectory()
            let passed = passes(try runs.outside([probe, "0", scratch.path]))
            switch judge(inside) {
            case .held(let how):
                return .ok(name, "\(what): \(how)" + (passed ? "" : ", but stopped on the host already"))
            case .weaker(let how): return .warn(name, "\(what): \(how)", "See control-group-layout above.")
            case .broken(let how): return .fail(name, "\(what): \(how)", "Run no job here, and report this.")
            }
        } catch { return .fail(name, error) }
    }

    /// How far a flood came, and the error number that stopped it: the line `COUNT ERRNO`.
    static func flood(_ output: String) -> (count: Int, error: Int32)? {
        let fields = output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        return fields.count == 2 ? (fields[0], Int32(clamping: fields[1])) : nil
    }
}
