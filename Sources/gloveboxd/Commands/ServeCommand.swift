import ArgumentParser
import Glibc
import GloveboxCore
import GloveboxServer
import GloveboxStore
import GloveboxSupervisor
import Logging
import ServiceLifecycle
import UnixSignals

/// `gloveboxd serve`: opens a site and answers on its socket.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Open a site, run its jobs, answer on STATE/api.sock.",
        discussion: """
            Checks keys and log, closes what a crash left open, then serves until it is told to stop. It prints one line \
            when it is ready.

            EXAMPLE
              gloveboxd serve --state /var/lib/glovebox
            """
    )

    @OptionGroup var place: StateOption

    func run() async throws {
        do {
            let logger = Logger(label: "gloveboxd")
            let layout = SiteLayout(root: place.path)
            let site = try Site(opening: layout)
            let disk = try DiskProbe(Directory(layout.root), rounds: 20)
            for warning in disk.warnings { logger.warning("\(warning)") }
            let door = SiteDoor(site)
            try Engine(site: site, logger: logger).start()
            let server = try APIServer(
                service: door,
                authenticator: door,
                socket: layout.socket,
                uploads: layout.incoming,
                logger: logger,
                onReady: {
                    print("ready unix://\(layout.socket)")
                    fflush(nil)
                }
            )
            let group = ServiceGroup(
                services: [server],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
            try await group.run()
        } catch let error as GloveboxError {
            try Failure.report { () throws(GloveboxError) in throw error }
        }
    }
}
