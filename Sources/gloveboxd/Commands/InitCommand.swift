import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// `gloveboxd init`: founds a site.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Found a site: keys, log, policies and the operator's account.",
        discussion: """
            Makes a state directory with the site's keys, an empty transparency log and the shipped policies, and writes \
            the operator's profile to STATE/operator. It never changes a site that exists.

            EXAMPLE
              gloveboxd init --state /var/lib/glovebox --name hospital-a --origin log.hospital-a.example

            With --root the root's key stays off the site, in a directory that 'glovebox keys init' made; the site then \
            waits for 'glovebox keys sign' whenever someone enrols a key.
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: "Name of the site.")
    var name: String

    @Option(help: "Host name that names the log, such as log.hospital-a.example.")
    var origin: String

    @Option(help: "Approvals a plan needs.")
    var planQuorum: Int = 2

    @OptionGroup var root: RootOption

    @Flag(help: ArgumentHelp("Also publish the demo's policy.", visibility: .private))
    var demo = false

    func validate() throws {
        guard (1...16).contains(planQuorum) else { throw ValidationError("--plan-quorum must be 1 to 16.") }
        guard Identifier.isName(name), Identifier.isName(origin) else {
            throw ValidationError("--name and --origin take lower-case letters, digits, dots and dashes.")
        }
    }

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            let configuration = SiteConfiguration(
                name: name,
                origin: origin,
                planQuorum: planQuorum,
                founded: Instant(seconds: Machine.now().seconds)
            )
            try SiteFounding.found(
                SiteLayout(root: place.path),
                configuration: configuration,
                policies: ShippedPolicies.documents(withDemo: demo),
                rootDirectory: root.path
            )
            print("site    \(name), log \(origin), \(planQuorum) approval\(planQuorum == 1 ? "" : "s") per plan")
            print("state   \(place.path)")
            print("root of trust: emulated; root on this host can read everything")
            print("next    gloveboxd serve --state \(place.path)")
        }
    }
}
