import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd worker`: jobs in processes that something else has started.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run jobs in processes that a scheduler starts.",
        subcommands: [WorkerRunCommand.self, WorkerBundleCommand.self, WorkerResultCommand.self]
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

            With --bundle instead this machine needs no route to the site: the order comes in a file that 'glovebox worker \
            bundle' wrote there, and the result, in the file of --result, goes to 'glovebox worker result'.

            EXAMPLES
              sbatch --wrap "glovebox worker run --state /var/lib/glovebox --task job_…"
              glovebox worker run --supervisor site.example:8472 --node-keys /etc/glovebox/node --task job_…
              glovebox worker run --bundle b --result r --node-keys /etc/glovebox/node --task job_…
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: ArgumentHelp("The job.", valueName: "ID"))
    var task: String

    @Option(help: ArgumentHelp("Where the site lets its nodes in.", valueName: "HOST:PORT"))
    var supervisor: String?

    @Option(help: ArgumentHelp("Directory of this node's key and certificates.", valueName: "DIR"))
    var nodeKeys: String?

    @Option(help: ArgumentHelp("The order, as 'glovebox worker bundle' wrote it.", valueName: "FILE"))
    var bundle: String?

    @Option(help: ArgumentHelp("Where the result goes; no file may be there.", valueName: "FILE"))
    var result: String?

    func validate() throws {
        guard (supervisor != nil || bundle != nil) == (nodeKeys != nil), supervisor == nil || bundle == nil else {
            throw ValidationError("--node-keys goes with --supervisor or with --bundle.")
        }
        guard (bundle == nil) == (result == nil) else { throw ValidationError("--bundle and --result go together.") }
    }

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            if let supervisor, let nodeKeys {
                let directory = StateOption.absolute(nodeKeys)
                try NodeWorker(keys: directory, supervisor: supervisor, task: task).run()
            } else if let bundle, let result, let nodeKeys {
                let directory = StateOption.absolute(nodeKeys)
                try BundleWorker(keys: directory, bundle: bundle, result: result, task: task).run()
            } else {
                try JobWorker(SiteLayout(root: place.path), task: task).run()
            }
        }
    }
}

/// `gloveboxd worker bundle`: a job's order in a file, for a node without a route here.
struct WorkerBundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Write the order of a queued job into a file, for a node that has no route to the site.",
        discussion: """
            On the site's machine. It waits until the job may start, and ends when the file is whole; the job then runs, and \
            waits for 'glovebox worker result', for seven days at most, as long as 'gloveboxd serve' does. The file holds all \
            that the job may see, unencrypted. The plan has one command, and demands nothing of its machine.

            EXAMPLE
              glovebox worker bundle --state /var/lib/glovebox --task job_… --node blade-7 -o bundle
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: ArgumentHelp("The job.", valueName: "ID"))
    var task: String

    @Option(help: ArgumentHelp("The node, as 'glovebox node list' shows it.", valueName: "NAME"))
    var node: String

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the order goes; no file may be there.", valueName: "FILE"))
    var output: String

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            try BundleCourier(SiteLayout(root: place.path), task: task).write(for: node, to: output)
        }
    }
}

/// `gloveboxd worker result`: what a node without a route here made of a job.
struct WorkerResultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Take in what a node without a route to the site made of a job.",
        discussion: """
            On the site's machine. The node's signature over all of it is checked first; what is refused changes nothing. A job \
            has one result.

            EXAMPLE
              glovebox worker result --state /var/lib/glovebox --task job_… result
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: ArgumentHelp("The job.", valueName: "ID"))
    var task: String

    @Argument(help: ArgumentHelp("What 'glovebox worker run --bundle' wrote.", valueName: "FILE"))
    var file: String

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            try BundleCourier(SiteLayout(root: place.path), task: task).handIn(file)
        }
    }
}
