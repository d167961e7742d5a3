import Dispatch
import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Synchronization
import TestSupport

/// Many starts of jails of which parts are killed at random moments.
///
/// The process must have nothing else to do; see ``Leftovers``.
enum Soak {
    /// How many jails are started.
    static var starts: Int { TestPrograms.variable("GLOVEBOX_SOAK").flatMap { Int($0) } ?? 500 }

    /// Runs one of the two; an error is a line as well, since the process that runs it has no other way to tell it.
    static func tell(_ soak: () throws -> Void) {
        do { try soak() } catch { print("error: \(error)") }
    }

    private static let script = "for i in 1 2 3; do :; done; sleep 0.02"

    /// Starts `glovebox jail run` again and again and kills the program, its launcher, or the jail's first process.
    ///
    /// Prints what is left, a line each, and a summary that starts with `#`.
    static func killPrograms() throws {
        let before = try Leftovers()
        let roots = ["/"] + (geteuid() == 0 ? [TestPrograms.image("python")].compactMap(\.self) : [])
        let span = try lifetime { try start("/").wait() }
        let owners = Mutex<Set<String>>([])
        let tally = Mutex<[String: Int]>([:])
        let left = Mutex<[String]>([])
        // In rounds, so that the orphans we adopt do not fill the table of processes.
        for round in 0..<(starts + 249) / 250 {
            let jobs = DispatchGroup()
            for worker in 0..<4 {
                DispatchQueue(label: "worker \(worker)").async(group: jobs) {
                    for number in stride(from: round * 250 + worker, to: min(starts, round * 250 + 250), by: 4) {
                        do {
                            let (owner, end) = try killOne(root: roots[number / 4 % roots.count], span: span)
                            owners.withLock { _ = $0.insert(owner) }
                            tally.withLock { $0[end, default: 0] += 1 }
                        } catch { left.withLock { $0.append("start \(number): \(error)") } }
                    }
                }
            }
            jobs.wait()
            // A later start takes away the groups that a killed program could not.
            _ = try start("/").wait()
            let found = try before.found(owners: owners.withLock { $0 })
            left.withLock { $0 += found }
            owners.withLock { $0 = [] }
            if !found.isEmpty { break }
        }
        tell(left.withLock { $0 }, tally.withLock { $0 }, span)
    }

    private static func start(_ root: String) throws -> LaunchedProcess {
        let null = try Descriptor.open("/dev/null", O_RDWR)
        let path = TestPrograms.path("glovebox")
        return try LaunchedProcess.start(
            path,
            arguments: [path, "jail", "run", "--rootfs", root, "--wall", "20s", "--", "sh", "-c", script],
            environment: ["PATH=/usr/bin:/bin"]
                + (TestPrograms.variable("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=" + $0] } ?? []),
            descriptors: [null, null, null]
        )
    }

    /// One start and one kill; the owner of its groups, and what came of it.
    private static func killOne(root: String, span: UInt32) throws -> (owner: String, end: String) {
        let process = try start(root)
        let owner = Leftovers.owner(process.pid) ?? ""
        let part = Part.allCases.randomElement() ?? .supervisor
        if part == .supervisor {
            usleep(.random(in: 0...span))
        } else {
            // The program's own start takes longer than the jail's life, which is what is to be hit.
            while part.pid(below: process.pid) == nil, isRunning(process.pid) { usleep(300) }
            usleep(.random(in: 0...40_000))
        }
        let wasSent = part.kill(below: process.pid)
        let status = try process.wait()
        // A program that has ended and is not waited for takes the signal, too.
        let isHit = wasSent && (part != .supervisor || status & 0x7f == SIGKILL)
        return (owner, isHit ? "killed the \(part.rawValue)" : "ended before")
    }

    private static func isRunning(_ pid: Int32) -> Bool {
        do { return try !Kernel.readText("/proc/\(pid)/stat").contains(") Z ") } catch { return false }
    }

    /// What is killed.
    private enum Part: String, CaseIterable {
        case supervisor
        case launcher
        case first = "first process"

        /// Its process id, when there is one below that supervisor.
        func pid(below supervisor: Int32) -> Int32? {
            switch self {
            case .supervisor: supervisor
            case .launcher: Part.launcher(below: supervisor)
            case .first: Part.launcher(below: supervisor).flatMap { Children.of($0).first }
            }
        }

        /// One of the launchers; orphans that wait for their parent to take their end are none.
        private static func launcher(below supervisor: Int32) -> Int32? {
            Children.of(supervisor).filter(isRunning).randomElement()
        }

        /// Kills it; true when there was one to kill.
        func kill(below supervisor: Int32) -> Bool {
            switch self {
            case .supervisor: Children.kill(supervisor, of: getpid())
            case .launcher: pid(below: supervisor).map { Children.kill($0, of: supervisor) } ?? false
            case .first:
                Part.launcher(below: supervisor).map { launcher in
                    Children.of(launcher).first.map { Children.kill($0, of: launcher) } ?? false
                } ?? false
            }
        }
    }

    /// Runs jails in this process, out of a reserve and without one, while launchers and first processes are killed, also of
    /// jails that still wait.
    ///
    /// Prints as ``killPrograms()`` does.
    static func killLaunchers() throws {
        _ = try run()  // what is made once per process is made now
        let before = try Leftovers()
        let span = try lifetime { try run() }
        let tally = Mutex<[String: Int]>([:])
        let kills = Atomic(0)
        var left: [String] = []
        for round in 0..<(starts + 249) / 250 where left.isEmpty {
            let remaining = Atomic(min(250, starts - round * 250))
            let isOver = Atomic(false)
            let reserve = try JailReserve(launcher: TestPrograms.path("glovebox-jail"), count: 2)
            let killer = DispatchGroup()
            DispatchQueue(label: "killer").async(group: killer) {
                while !isOver.load(ordering: .relaxed) {
                    usleep(.random(in: 0...span / 2))
                    let part: Part = Bool.random() ? .launcher : .first
                    if part.kill(below: getpid()) { kills.add(1, ordering: .relaxed) }
                }
            }
            let jobs = DispatchGroup()
            for worker in 0..<3 {
                DispatchQueue(label: "worker \(worker)").async(group: jobs) {
                    while remaining.subtract(1, ordering: .relaxed).oldValue > 0 {
                        let end: String
                        do { end = "\(try run(Bool.random() ? reserve : nil))" } catch { end = "\(error)" }
                        tally.withLock { $0[end, default: 0] += 1 }
                    }
                }
            }
            jobs.wait()
            isOver.store(true, ordering: .relaxed)
            killer.wait()
            reserve.close()
            left = try before.found(owners: Set([Leftovers.owner(getpid())].compactMap(\.self)))
        }
        tell(left, tally.withLock { $0 }, span)
        print("# \(kills.load(ordering: .relaxed)) kills")
    }

    private static func run(_ reserve: JailReserve? = nil) throws -> JailResult.End {
        let specification = JailSpecification(
            root: .directory("/"),
            arguments: ["sh", "-c", script],
            profile: try ShippedProfiles.named("default")
        )
        let runner = reserve.map(JailRun.init(reserve:)) ?? JailRun(launcher: TestPrograms.path("glovebox-jail"))
        return try runner.run(specification).end
    }

    /// Microseconds that one takes, in the middle of several.
    private static func lifetime(_ body: () throws -> some Any) rethrows -> UInt32 {
        var times: [Duration] = []
        for _ in 0..<7 { times.append(try ContinuousClock().measure { _ = try body() }) }
        return UInt32(times.sorted()[3] / .microseconds(1))
    }

    private static func tell(_ left: [String], _ tally: [String: Int], _ span: UInt32) {
        for line in left { print(line) }
        for (end, count) in tally.sorted(by: { $0.key < $1.key }) { print("# \(count) × \(end)") }
        print("# a jail lives \(span) µs")
    }
}
