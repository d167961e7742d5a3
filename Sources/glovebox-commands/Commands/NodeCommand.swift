import ArgumentParser
import Glibc
import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux

/// The command `glovebox node`.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Let machines run a site's jobs, list them, and give them no more.",
        discussion: """
            A node makes its own key, which never leaves it, and a request; the operator approves the request at the site, \
            whose node CA answers with a certificate. What a certificate is worth is decided by the site's list of nodes \
            at each use.

            EXAMPLE
              glovebox node request --name blade-7 --keys /etc/glovebox/node         on the node
              glovebox node enroll node.csr -o node.pem                              at the site
            """,
        subcommands: [Request.self, Enroll.self, List.self, Drain.self, Resume.self, Remove.self]
    )

    static func line(_ node: NodeInfo, at now: Instant) -> String {
        var line = "\(node.name)  \(node.state.rawValue)  until \(node.expires.text)  \(node.key.named)"
        if let notice = node.notice(at: now) { line += "  \(notice)" }
        line += "  by \(node.enrolledBy) \(node.enrolled.text)"
        if let since = node.connectedSince { line += "  connected since \(since.text)" }
        if let lacks = node.lacks {
            line += lacks.isEmpty ? "  full isolation" : "  lacks \(Display.escape(lacks.joined(separator: ", ")))"
        }
        if !node.jobs.isEmpty { line += "  runs \(node.jobs.joined(separator: " "))" }
        if let reason = node.reason { line += "  \(Display.escape(reason))" }
        return line
    }

    /// The command `glovebox node request`.
    struct Request: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "On the node: make its key, if it has none, and a request to certify it.",
            discussion: """
                Writes DIR/node.key, which only the node may have, and DIR/node.csr (PKCS #10), which goes to the operator. \
                Needs no site. To renew a certificate, do the same again: the key stays.

                EXAMPLE
                  glovebox node request --name blade-7 --keys /etc/glovebox/node
                """
        )

        @Option(help: "What the node is called: lower-case letters, digits and dashes, at most 63.")
        var name: String

        @Option(help: ArgumentHelp("Directory of the node's key; made when it is not there.", valueName: "DIR"))
        var keys: String

        func run() async throws {
            let terminal = Terminal(json: false, quiet: false)
            try await Failure.report(terminal) {
                let key = try NodeKey(in: keys)
                let request = try NodeRequest.make(name: name, key: key.signing)
                let file = keys + "/node.csr"
                try OutputFile.write(request.pem, to: file)
                terminal.result(
                    ["name": .string(name), "key": .string(request.key.digest.named), "request": .string(file)],
                    [
                        Terminal.row("node", name), Terminal.row("key", request.key.digest.named),
                        Terminal.row("request", file),
                    ]
                )
            }
        }
    }

    /// The command `glovebox node enroll`.
    struct Enroll: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "At the site: approve a node's request, and write its certificate.",
            discussion: """
                Compare the key that is shown with what 'glovebox node request' showed on the node. The certificate, with that \
                of the CA, goes back to the node, beside its key, and so do root.pem and site.pem, which are written beside it \
                unless files of these names are there. A node that is enrolled already is given another \
                certificate; one that is draining stays so.

                EXAMPLE
                  glovebox node enroll node.csr --days 90 -o node.pem
                """
        )

        @Argument(help: ArgumentHelp("What 'glovebox node request' wrote.", valueName: "REQUEST"))
        var request: String

        @Option(help: "For how many days the certificate is good, 1 to 365.")
        var days = EnrollNodeRequest.days

        @Option(name: .shortAndLong, help: ArgumentHelp("File for the certificate.", valueName: "FILE"))
        var output: String

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let pem = try InputFile.bytes(request, limit: 8192)
                _ = try NodeRequest(pem: pem)
                let asked = EnrollNodeRequest(request: String(decoding: pem, as: UTF8.self), days: days)
                let enrolled = try await session.client.enrollNode(asked)
                try OutputFile.write(Array(enrolled.chain.utf8), to: output)
                let directory = output.lastIndex(of: "/").map { String(output[...$0]) } ?? ""
                let root = try Self.put(enrolled.root, at: directory + "root.pem")
                let authority = try Self.put(enrolled.authority, at: directory + "site.pem")
                session.terminal.result(
                    enrolled.info.json,
                    [
                        Terminal.row("node", enrolled.info.name), Terminal.row("key", enrolled.info.key.named),
                        Terminal.row("until", enrolled.info.expires.text), Terminal.row("certificate", output),
                        Terminal.row("root", root), Terminal.row("site", authority),
                    ]
                )
            }
        }

        /// Writes a certificate where no file is yet; what is to be said of it.
        private static func put(_ pem: String?, at path: String) throws(GloveboxError) -> String {
            guard let pem else { return "the site does not say; bring the authority above jobs.nodes.tls.cert" }
            var isThere = false
            do throws(SyscallError) {
                let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                try Descriptor.open(path, flags, mode: 0o644).write(Array(pem.utf8))
            } catch {
                guard error.errno == EEXIST else { throw error.coded("input.io") }
                isThere = true
            }
            guard isThere else { return path }
            let isSame = try InputFile.bytes(path, limit: 1 << 16) == Array(pem.utf8)
            return isSame ? path : path + " was there, with another certificate than the site's, and was left"
        }
    }

    /// The command `glovebox node list`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List nodes: state, key, who let them in, until when, and what they run."
        )

        @OptionGroup var site: SiteOptions

        func run() async throws {
            try await Session.run(site) { session in
                let list = try await session.client.nodes()
                session.terminal.result(list.json, list.items.map { NodeCommand.line($0, at: SystemClock.now()) })
            }
        }
    }

    /// Which node, and why.
    struct Change: ParsableArguments {
        @Argument(help: ArgumentHelp("Name of the node, as 'glovebox node list' shows it.", valueName: "NAME"))
        var name: String

        @Option(name: [.customShort("m"), .customLong("reason")], help: "Why; it stands in the log, for auditors.")
        var reason: String

        @OptionGroup var site: SiteOptions

        func ask(_ verb: String) async throws {
            try await Session.run(site) { session in
                let node = try await session.client.moveNode(name: name, verb, reason: reason)
                session.terminal.result(node.json, [NodeCommand.line(node, at: SystemClock.now())])
            }
        }
    }

    /// The command `glovebox node drain`.
    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a node no more jobs; those that run there may end.",
            discussion: "EXAMPLE\n  glovebox node drain blade-7 --reason 'new disks'"
        )

        @OptionGroup var change: Change

        func run() async throws { try await change.ask("drain") }
    }

    /// The command `glovebox node resume`.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a draining node jobs again.",
            discussion: "EXAMPLE\n  glovebox node resume blade-7 --reason 'disks are in'"
        )

        @OptionGroup var change: Change

        func run() async throws { try await change.ask("resume") }
    }

    /// The command `glovebox node remove`.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a node's connections and refuse its key from now on.",
            discussion: """
                What runs there is lost; drain the node first and wait, unless its key is in wrong hands. Another node may \
                take its name.

                EXAMPLE
                  glovebox node remove blade-7 --reason 'sold'
                """
        )

        @OptionGroup var change: Change

        func run() async throws { try await change.ask("remove") }
    }
}

/// A node's own key, in its directory.
struct NodeKey {
    let signing: SigningKey

    /// Reads the key in a directory, or makes it when there is none.
    ///
    /// - Throws: `input.io`, also for a key that others can read; `key.encoding`.
    init(in directory: String) throws(GloveboxError) {
        let path = directory + "/node.key"
        let held: [UInt8]?
        do { held = try Self.read(path) } catch { throw error.coded("input.io") }
        if let held {
            signing = try SigningKey(pem: held)
            return
        }
        signing = SigningKey()
        try OutputFile.makeDirectory(directory)
        do {
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
            try Descriptor.open(path, flags, mode: 0o600).write(signing.pem)
        } catch { throw error.coded("input.io") }
    }

    /// The file's bytes; nil when there is none.
    private static func read(_ path: String) throws(SyscallError) -> [UInt8]? {
        do throws(SyscallError) {
            let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
            // A key that others can read is no node's own.
            guard try file.status().permissions & 0o077 == 0 else { throw SyscallError("open", EACCES, path) }
            return try file.readAll(limit: 8192)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }
}
