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
        abstract: "Run one queued job of the site that is served on this machine.",
        discussion: """
            For a site with 'jobs: {executor: worker}' in gloveboxd.yaml. It waits until the job may start, starts its jails \
            as children of its own, and ends when the run is over, with status 0 however the job ended: what came of it stands \
            in the log. A job has one worker at a time; one that is killed ends its job, unless the job touched no data. \
            Plan, keys, data and outputs stay with 'gloveboxd serve'.

            EXAMPLE
              sbatch --wrap "glovebox worker run --state /var/lib/glovebox --task job_…"
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: ArgumentHelp("The job.", valueName: "ID"))
    var task: String

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            try JobWorker(SiteLayout(root: place.path), task: task).run()
        }
    }
}
