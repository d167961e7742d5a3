import ArgumentParser
import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxLinux
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

            EXAMPLES
              gloveboxd serve --state /var/lib/glovebox
              gloveboxd serve --state /var/lib/glovebox --tpm swtpm

            With server.listen in gloveboxd.yaml it answers over TCP, too.
            """
    )

    @OptionGroup var place: StateOption

    @Option(help: ArgumentHelp("Settings; STATE/gloveboxd.yaml unless given.", valueName: "FILE"))
    var config: String?

    @Flag(help: "Serve although the disk may not keep what it says it wrote; warns at each start.")
    var acceptDisk = false

    @Flag(help: "Make the index of jobs anew from the whole journal first.")
    var rebuildIndex = false

    @OptionGroup var tpm: TPMOption

    func run() async throws {
        do {
            let logger = Logger(label: "gloveboxd")
            let layout = SiteLayout(root: place.path, settings: config.map(StateOption.absolute))
            let site = try Site(opening: layout, tpm: tpm.choice, rebuildingIndex: rebuildIndex)
            for doubt in try DiskProbe(Directory(layout.root), rounds: 20).warnings {
                guard acceptDisk else {
                    throw GloveboxError(
                        "store.disk",
                        doubt,
                        hint: "Put the state on a local disk, or give --accept-disk and risk the log in a power cut."
                    )
                }
                logger.warning("\(doubt)")
            }
            for weakness in try site.weaknesses() { logger.warning("\(weakness)") }
            let door = SiteDoor(site)
            let witnesses = try Witnesses(site: site, logger: logger)
            try await witnesses.compare()
            try site.begin()
            try Engine(site: site, logger: logger).start()
            let dispatcher = Dispatcher(
                service: door,
                authenticator: door,
                uploads: layout.incoming,
                logger: logger,
                settings: site.settings.server,
                figures: site.figures
            )
            let server = try APIServer(
                dispatcher,
                socket: layout.socket,
                logger: logger,
                onReady: {
                    Self.say("ready unix://\(layout.socket)")
                    Self.releaseCode(logger)
                }
            )
            var services: [any Service] = [
                server, BackgroundTask { await witnesses.run() }, BackgroundTask { await site.pulse() },
                BackgroundTask { await WebhookCourier(site).run() },
                BackgroundTask { await Self.stayLean(logger) },
                BackgroundTask {
                    await site.collectHourly { logger.error("collection failed", metadata: ["why": "\($0)"]) }
                },
            ]
            let notifier = Notifier(site) { fault in
                logger.error("people are not told", metadata: ["why": "\(fault)"])
            }
            if let notifier { services.append(BackgroundTask { await notifier.run() }) }
            if let network = site.settings.server.network {
                for name in site.settings.insecure {
                    logger.critical("\(name): tokens and results cross the network in the clear")
                }
                let scheme = network.tls == nil ? "http" : "https"
                let listener = try APIServer(dispatcher, network: network, logger: logger) { port in
                    Self.say("listening \(scheme)://\(network.host):\(port ?? network.port)")
                }
                services.insert(listener, at: 0)
            }
            if let (host, port) = site.settings.listen {
                services.append(PublicServer(site: door, host: host, port: port, logger: logger))
            }
            if let (host, port) = site.settings.metrics {
                services.append(OperationsServer(site: SiteWatch(site), host: host, port: port, logger: logger))
            }
            let group = ServiceGroup(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
            try await group.run()
            try site.end()
            site.writeIndex()
        } catch let error as GloveboxError {
            try Failure.report { () throws(GloveboxError) in throw error }
        }
    }

    /// Keeps what the start needed out of an idle daemon's memory.
    private static func releaseCode(_ logger: Logger) {
        do throws(SyscallError) { try ProgramPages.release() } catch {
            logger.info("code that ran once stays in memory", metadata: ["error": .string(error.description)])
        }
    }

    /// Keeps what ran once out of an idle daemon's memory, too; what runs all the time is back in less than a millisecond.
    private static func stayLean(_ logger: Logger) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(60)) } catch { break }
            releaseCode(logger)
        }
    }

    private static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
