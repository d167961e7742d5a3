import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxLocalCommands

/// A moment on the command line.
struct Moment: ExpressibleByArgument {
    let time: Instant

    init?(argument: String) {
        guard let time = Instant(argument) else { return nil }
        self.time = time
    }
}

/// People and datasets of a project.
struct PeopleOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Account, and what it takes part as: researcher or reviewer.", valueName: "NAME:ROLE"))
    var member: [String] = []

    @Option(help: ArgumentHelp("Dataset its plans may read; repeatable.", valueName: "NAME"))
    var dataset: [String] = []

    /// The members by account.
    func members() throws(GloveboxError) -> [String: Set<Role>] {
        var members: [String: Set<Role>] = [:]
        for text in member {
            guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else {
                throw GloveboxError("usage", "--member takes an account and a role, such as alice:researcher")
            }
            let role = try Role(reading: String(text[text.index(after: colon)...]))
            members[String(text[..<colon]), default: []].insert(role)
        }
        return members
    }
}

/// A project's limits.
struct QuotaOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Jobs that may ever run.", valueName: "N"))
    var runs: Int64?

    @Option(help: ArgumentHelp("Bytes of results on private data that may ever be released.", valueName: "SIZE"))
    var released: ByteSize?

    @Option(help: ArgumentHelp("What noisy answers may ever cost, as zCDP.", valueName: "RHO"))
    var rho: String?

    @Option(help: ArgumentHelp("Hours of processor time, as plans declare it, in 24 hours.", valueName: "N"))
    var cpuHours: Int64?

    @Option(help: ArgumentHelp("Jobs that may run side by side.", valueName: "N"))
    var concurrent: Int64?

    @Option(help: ArgumentHelp("Jobs that may wait to run.", valueName: "N"))
    var queued: Int64?

    /// The limits with those that were given.
    func applied(to known: ProjectQuota) throws(GloveboxError) -> ProjectQuota {
        var quota = known
        quota.runs = runs ?? quota.runs
        quota.releasedBytes = released.map { Int64(clamping: $0.bytes) } ?? quota.releasedBytes
        quota.rho = rho ?? quota.rho
        if let cpuHours {
            let (seconds, isTooLong) = cpuHours.multipliedReportingOverflow(by: 3600)
            guard !isTooLong else { throw GloveboxError("usage", "--cpu-hours is too large") }
            quota.cpuSecondsPerDay = seconds
        }
        quota.concurrent = concurrent ?? quota.concurrent
        quota.queued = queued ?? quota.queued
        return quota
    }
}

/// A change of whether a project goes on.
struct MoveOptions: ParsableArguments {
    @Argument(help: "Project.")
    var name: String

    @Option(name: [.customShort("m"), .customLong("message")], help: "Why; it stands in the log.")
    var message: String

    @OptionGroup var site: SiteOptions

    func run(to state: Project.State) async throws {
        try await Session.run(site) { session in
            let project = try await session.client.moveProject(name, to: state, reason: message)
            session.terminal.result(project.json, ProjectView.lines(project))
        }
    }
}
