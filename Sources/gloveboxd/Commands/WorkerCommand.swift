import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd worker`: jobs in processes that something else has started.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run jobs in processes that a scheduler starts.",
        subcommands: [WorkerRunCommand.self]
    )
}

/// `gloveboxd worker run`: one job's jails as children of this process.
struct WorkerRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the jails of one queued job: of the site on this machine, or of a site on another.",
        discussion: """
            For a site with 'jobs: {executor: worker}' in gloveboxd.yaml. It waits until the job may start, starts its jails \
            as children of its own, and ends when the run is over, with status 0 however the job ended: what came of it stands \
            in the log. A job has one worker at a time; one that is killed ends its job, unless the job touched no data. \
            Plan, keys, data and outputs stay with 'gloveboxd serve'.

            With --supervisor this machine is a node of a site elsewhere, which lists it ('glovebox node list') and has \
            'jobs: {nodes: …}' in its gloveboxd.yaml. It checks plan and approvals itself, builds the jail, and signs what came \
            of it; what the job may see of the site's files is sent here, into the jail's own memory.

            EXAMPLES
              sbatch --wrap "glovebox worker run --state /var/lib/glovebox --task job_…"
              glovebox worker run --supervisor site.example:8472 --node-keys /etc/glovebox/node --task job_…
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: ArgumentHelp("The job.", valueName: "ID"))
    var task: String

    @Option(help: ArgumentHelp("Where the site lets its nodes in.", valueName: "HOST:PORT"))
    var supervisor: String?

    @Option(help: ArgumentHelp("Directory of this node's key and certificates.", valueName: "DIR"))
    var nodeKeys: String?

    func validate() throws {
        guard (supervisor == nil) == (nodeKeys == nil) else {
            throw ValidationError("--supervisor and --node-keys go together.")
        }
    }

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            if let supervisor, let nodeKeys {
                let directory = StateOption.absolute(nodeKeys)
                try NodeWorker(keys: directory, supervisor: supervisor, task: task).run()
            } else {
                try JobWorker(SiteLayout(root: place.path), task: task).run()
            }
        }
    }
}
