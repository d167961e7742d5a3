import ArgumentParser
import GloveboxAPI
import GloveboxCore
import GloveboxJobs

/// The command `glovebox project`.
struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Register projects: who works on which data, why, until when, and within which limits.",
        subcommands: [
            Create.self, List.self, Show.self, Add.self, Remove.self, Set.self, Pause.self, Resume.self, Close.self,
        ]
    )

    /// The command `glovebox project create`.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a project with its proposal.",
            discussion: """
                Plans that name no project belong to 'default', which is open to everyone until it is registered, too.

                EXAMPLE
                  glovebox project create flu --title "Flu and age" --purpose "Who falls ill" --variable age \\
                    --output "a table of means by age" --dataset census --member alice:researcher --member rita:reviewer \\
                    --ends 2027-06-30T00:00:00Z --runs 20 --cpu-hours 8
                """
        )

        @Argument(help: "Name of the project, for good.")
        var name: String

        @Option(help: "What people call it; the name unless given.")
        var title: String?

        @Option(help: "Why, in words for the reviewers.")
        var purpose: String

        @Option(help: ArgumentHelp("Why, as a code that its datasets' input policies allow.", valueName: "CODE"))
        var purposeCode: String?

        @Option(help: ArgumentHelp("A variable it is about; repeatable.", valueName: "NAME"))
        var variable: [String] = []

        @Option(help: ArgumentHelp("What shall come out; repeatable.", valueName: "TEXT"))
        var output: [String] = []

        @OptionGroup var people: PeopleOptions

        @Option(help: ArgumentHelp("Approvals a plan needs, when more than the site's.", valueName: "N"))
        var quorum: Int?

        @Option(help: ArgumentHelp("Before this moment nothing starts.", valueName: "TIME"))
        var starts: Moment?

        @Option(help: ArgumentHelp("From this moment on nothing starts or is released.", valueName: "TIME"))
        var ends: Moment?

        @OptionGroup var quota: QuotaOptions
        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let project = try Project(
                    name: name,
                    title: title ?? name,
                    proposal: Project.Proposal(
                        purpose: purpose,
                        code: purposeCode,
                        variables: variable,
                        outputs: output
                    ),
                    members: people.members(),
                    datasets: Swift.Set(people.dataset),
                    planQuorum: quorum,
                    starts: starts?.time,
                    ends: ends?.time,
                    quota: quota.applied(to: ProjectQuota())
                )
                let made = try await session.client.createProject(CreateProjectRequest(project))
                session.terminal.result(made.json, ProjectView.lines(made))
            }
        }
    }

    /// The command `glovebox project list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the projects that you take part in or run.")

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let list = try await session.client.projects()
                session.terminal.result(
                    list.json,
                    list.items.map {
                        Terminal.row($0.project.name, "\($0.project.title), \($0.project.state.rawValue)")
                    }
                )
            }
        }
    }

    /// The command `glovebox project show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a project, and what it has used.")

        @Argument(help: "Project.")
        var name: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let project = try await session.client.project(name)
                session.terminal.result(project.json, ProjectView.lines(project))
            }
        }
    }

    /// The command `glovebox project add`.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add people and datasets.",
            discussion: "EXAMPLE\n  glovebox project add flu --member bob:researcher --dataset census"
        )

        @Argument(help: "Project.")
        var name: String

        @OptionGroup var people: PeopleOptions
        @OptionGroup var site: SiteOptions

        func run() async throws {
            var change = AmendProjectRequest()
            change.addMembers = try people.members()
            change.addDatasets = people.dataset
            try await ProjectView.amend(name, change, site)
        }
    }

    /// The command `glovebox project remove`.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove people and datasets; what still waits and rests on them ends."
        )

        @Argument(help: "Project.")
        var name: String

        @Option(help: ArgumentHelp("Account; repeatable.", valueName: "ACCOUNT"))
        var member: [String] = []

        @Option(help: ArgumentHelp("Dataset; repeatable.", valueName: "NAME"))
        var dataset: [String] = []

        @OptionGroup var site: SiteOptions

        func run() async throws {
            var change = AmendProjectRequest()
            change.removeMembers = member
            change.removeDatasets = dataset
            try await ProjectView.amend(name, change, site)
        }
    }

    /// The command `glovebox project set`.
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a project's end, quorum, limits and the code of its purpose.",
            discussion: "EXAMPLE\n  glovebox project set flu --runs 40 --ends 2027-12-31T00:00:00Z"
        )

        @Argument(help: "Project.")
        var name: String

        @Option(help: ArgumentHelp("Approvals a plan needs.", valueName: "N"))
        var quorum: Int?

        @Option(help: ArgumentHelp("Why, as a code that its datasets' input policies allow.", valueName: "CODE"))
        var purposeCode: String?

        @Option(help: ArgumentHelp("From this moment on nothing starts or is released.", valueName: "TIME"))
        var ends: Moment?

        @OptionGroup var quota: QuotaOptions
        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await ProjectView.amend(name, site) { known in
                var change = AmendProjectRequest()
                change.planQuorum = quorum
                change.ends = ends?.time
                if let purposeCode {
                    change.proposal = known.project.proposal
                    change.proposal?.code = purposeCode
                }
                let limits = try quota.applied(to: known.project.quota)
                if limits != known.project.quota { change.quota = limits }
                return change
            }
        }
    }

    /// The command `glovebox project pause`.
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let nothing of a project start.")

        @OptionGroup var move: MoveOptions

        func run() async throws { try await move.run(to: .paused) }
    }

    /// The command `glovebox project resume`.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a paused project go on.")

        @OptionGroup var move: MoveOptions

        func run() async throws { try await move.run(to: .open) }
    }

    /// The command `glovebox project close`.
    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close a project for good: nothing of it is taken, started or released any more."
        )

        @OptionGroup var move: MoveOptions

        func run() async throws { try await move.run(to: .closed) }
    }
}

/// A project as people read it.
enum ProjectView {
    static func lines(_ info: ProjectInfo) -> [String] {
        let (project, used) = (info.project, info.used)
        var lines = [
            Terminal.row("project", "\(project.name), \(project.state.rawValue)"), Terminal.row("title", project.title),
        ]
        lines += proposal(project)
        for (account, roles) in project.members.sorted(by: { $0.key < $1.key }) {
            lines.append(
                Terminal.row("member", "\(info.names[account] ?? account) (\(roles.names.joined(separator: ", ")))")
            )
        }
        if !project.datasets.isEmpty {
            lines.append(Terminal.row("data", project.datasets.sorted().joined(separator: ", ")))
        }
        if let quorum = project.planQuorum { lines.append(Terminal.row("quorum", "\(quorum)")) }
        if let starts = project.starts { lines.append(Terminal.row("starts", starts.text)) }
        if let ends = project.ends { lines.append(Terminal.row("ends", ends.text)) }
        let quota = project.quota
        func of(_ limit: Int64?) -> String { limit.map { " of \($0)" } ?? "" }
        lines += [
            Terminal.row("runs", "\(used.runs)\(of(quota.runs))"),
            Terminal.row("released", "\(used.releasedBytes)\(of(quota.releasedBytes)) bytes"),
            Terminal.row("privacy", "rho \(used.rho)\(quota.rho.map { " of \($0)" } ?? ""), epsilon \(used.epsilon)"),
            Terminal.row("processor", "\(used.cpuSeconds)\(of(quota.cpuSecondsPerDay)) s declared in 24 hours"),
            Terminal.row("running", "\(used.concurrent)\(of(quota.concurrent))"),
            Terminal.row("waiting", "\(used.queued)\(of(quota.queued))"),
        ]
        return lines
    }

    /// What a project said it is about.
    static func proposal(_ project: Project) -> [String] {
        let proposal = project.proposal
        var lines = [Terminal.row("proposal", proposal.purpose)]
        if let code = proposal.code { lines.append(Terminal.row("purpose", code)) }
        if !proposal.variables.isEmpty {
            lines.append(Terminal.row("variables", proposal.variables.joined(separator: ", ")))
        }
        for output in proposal.outputs { lines.append(Terminal.row("expects", output)) }
        return lines
    }

    static func amend(_ name: String, _ change: AmendProjectRequest, _ site: SiteOptions) async throws {
        try await amend(name, site) { _ in change }
    }

    static func amend(
        _ name: String,
        _ site: SiteOptions,
        _ change: (ProjectInfo) throws -> AmendProjectRequest
    ) async throws {
        try await Session.run(site) { session in
            let known = try await session.client.project(name)
            let change = try change(known)
            guard change != AmendProjectRequest() else {
                throw GloveboxError("usage", "nothing to change was given")
            }
            let project = try await session.client.amendProject(known, change)
            session.terminal.result(project.json, lines(project))
        }
    }
}
