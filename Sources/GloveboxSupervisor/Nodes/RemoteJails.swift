internal import Glibc
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLink
internal import GloveboxLinux

/// Has a node build and run the jails of one job.
///
/// What is staged stands in a tmpfs of this machine until it has gone over; what comes back is unpacked into the same, as what
/// researchers hand in is. The node is believed what it says of its jail, and has to sign it.
struct RemoteJails: JailHost {
    private var link: LinkSocket
    /// The node's name at the site, and its certificate (DER).
    private var node: (name: String, certificate: [UInt8])
    /// Job and run.
    let run: (job: String, number: UInt64)
    let plan: Digest
    let evidence: KeyEvidence
    let image: StoredImage
    /// The image as it was measured.
    let file: Descriptor
    let launcher: Digest

    /// The jails of a job's present run, with the site's launcher, which a node has to have too.
    ///
    /// - Throws: `image.*`.
    init(
        of entry: JobEntry,
        at site: Site,
        node: (name: String, certificate: [UInt8]),
        evidence: KeyEvidence,
        over link: LinkSocket
    ) throws(GloveboxError) {
        image = try site.images.resolve(entry.manifest.core.image.digest.hex)
        file = try site.images.measured(image)
        run = (entry.job.id, UInt64(max(1, entry.job.runs.count)))
        (plan, launcher) = (entry.job.planDigest, site.host.launcher)
        (self.node, self.evidence, self.link) = (node, evidence, link)
    }

    /// The same jails over another link, with who has a certificate.
    func over(_ link: LinkSocket, certificate: [UInt8]) -> Self {
        var other = self
        (other.link, other.node.certificate) = (link, certificate)
        return other
    }

    /// Milliseconds for an answer that takes the node no work, and for one that takes it some.
    private static let (short, long): (Int32, Int32) = (60_000, 600_000)
    /// Milliseconds beyond a jail's own limit in which its end must be told.
    private static let grace: UInt64 = 120_000

    func run(_ specification: JailSpecification, _ hooks: JailRun.Hooks) throws(GloveboxError) -> JailResult {
        do throws(GloveboxError) { return try attempt(specification, hooks) } catch {
            if error.code.hasPrefix("link.") { throw Self.lost(node.name) }
            // It may be waiting for anything; the rest of the job is not for it.
            do { try link.send(.fault(error)) } catch {}
            link.close()
            throw error
        }
    }

    /// What is said of a node that is gone.
    static func lost(_ name: String) -> GloveboxError {
        GloveboxError(
            "worker.lost",
            "the node \(name) is gone or does not answer, and its jail with it",
            hint: "The node's own log says what ended it."
        )
    }

    private func attempt(
        _ specification: JailSpecification,
        _ hooks: JailRun.Hooks
    ) throws(GloveboxError) -> JailResult {
        let directories = try specification.staged.map { (staged) throws(GloveboxError) in
            try Self.scratch(bytes: staged.bytes, files: staged.inodes)
        }
        let order = try order(for: specification)
        try link.send(.order(order))
        guard case .needs(let isImageWanted) = try link.message(milliseconds: Self.short) else {
            throw NodeMessage.unexpected
        }
        if isImageWanted { try TreeTransfer.send(file: file, over: link) }
        if let input = specification.input { try TreeTransfer.send(file: input, over: link) }
        guard case .ready(let offered) = try link.message(milliseconds: Self.long) else { throw NodeMessage.unexpected }
        // Before anything of the job's goes over; the machine may not be what it was when it came.
        try offered.require(specification.required, isBuilt: false)
        let sent = try send(directories, hooks)
        try staged(as: sent)
        let standing = try built(specification, hooks)
        try link.send(.execute)
        return try result(of: specification, order, directories, standing, hooks)
    }

    /// An order of its own for a jail.
    func order(for specification: JailSpecification) throws(GloveboxError) -> NodeOrder {
        guard let nonce = Digest(bytes: Machine.random(32)) else { throw GloveboxError("internal", "no nonce") }
        return NodeOrder(
            nonce: nonce,
            evidence: evidence,
            image: (image.format, image.bytes),
            jail: specification.json,
            hasInput: specification.input != nil
        )
    }

    /// The jail as the node's kernel describes it, once it is as demanded and the hooks have seen it.
    func built(
        _ specification: JailSpecification,
        _ hooks: JailRun.Hooks
    ) throws(GloveboxError) -> JailProtections {
        guard case .built(let readback, let protections) = try link.message(milliseconds: Self.long) else {
            throw NodeMessage.unexpected
        }
        try protections.require(specification.required, isBuilt: true)
        try hooks.start(readback, protections)
        return protections
    }

    /// What came of the jail, when the node signed what it says.
    func result(
        of specification: JailSpecification,
        _ order: NodeOrder,
        _ directories: [Descriptor],
        _ protections: JailProtections,
        _ hooks: JailRun.Hooks
    ) throws(GloveboxError) -> JailResult {
        let told = try end(specification.limits, hooks)
        var result = try JailResult(json: told, fixed: specification.deterministic)
        guard result.protections == protections else { throw NodeMessage.unexpected }
        var trees: [Digest?] = []
        for (staged, directory) in zip(specification.staged, directories) where staged.isWritable {
            trees.append(try take(into: directory, bytes: staged.bytes, files: staged.inodes))
        }
        if specification.hasOutput {
            let (bytes, files) = (specification.limits.outputBytes, specification.limits.outputFiles)
            let directory = try Self.scratch(bytes: bytes, files: files)
            trees.append(try take(into: directory, bytes: bytes, files: files))
            result.output = directory
        }
        result.statement = try statement(on: order, told, trees, protections)
        return result
    }

    /// Has the hooks fill the directories, and sends them; their digests.
    func send(_ directories: [Descriptor], _ hooks: JailRun.Hooks) throws(GloveboxError) -> [Digest] {
        try hooks.stage(directories, FileIdentity(id: nil))
        var sent: [Digest] = []
        for directory in directories { sent.append(try TreeTransfer.send(directory, over: link) ?? .zero) }
        return sent
    }

    /// Hears that the node has written what was sent.
    func staged(as sent: [Digest]) throws(GloveboxError) {
        guard case .staged(let digests) = try link.message(milliseconds: Self.long), digests == sent else {
            throw GloveboxError("worker.staged", "the node \(node.name) did not stage what it was sent")
        }
    }

    /// Listens to the program until it has ended.
    private func end(_ limits: JailLimits, _ hooks: JailRun.Hooks) throws(GloveboxError) -> JSONValue {
        var cancel = hooks.cancel
        var deadline: UInt64?
        if limits.wallMilliseconds > 0 {
            let most = limits.wallMilliseconds.addingReportingOverflow(limits.graceMilliseconds + Self.grace)
            deadline = most.overflow ? nil : SystemClock.monotonicMilliseconds + most.partialValue
        }
        var written: (out: UInt64, error: UInt64) = (0, 0)
        while true {
            let now = SystemClock.monotonicMilliseconds
            let left = deadline.map { Int32(clamping: $0 > now ? $0 - now : 0) } ?? -1
            switch try link.wait(beside: cancel, milliseconds: left) {
            case .closed, .late: throw LinkSocket.lost
            case .interrupted:
                cancel = nil
                deadline = now + UInt64(Self.short)
                try link.send(.cancel)
            case .frame(let frame):
                switch frame.kind {
                case .out, .error:
                    let isError = frame.kind == .error
                    let (before, limit) =
                        isError ? (written.error, limits.errorBytes) : (written.out, limits.outBytes)
                    if limit > before {
                        hooks.output(Array(frame.bytes.prefix(Int(clamping: limit - before))), isError)
                    }
                    if isError {
                        written.error += UInt64(frame.bytes.count)
                    } else {
                        written.out += UInt64(frame.bytes.count)
                    }
                case .message:
                    switch try NodeMessage(frame) {
                    case .ended(let result): return result
                    case .fault(let why): throw why
                    default: throw NodeMessage.unexpected
                    }
                case .data, .end: throw NodeMessage.unexpected
                }
            }
        }
    }

    /// What a directory holds at the end, in the place of what was staged there.
    private func take(into directory: Descriptor, bytes: UInt64, files: UInt64) throws(GloveboxError) -> Digest? {
        do throws(SyscallError) { try directory.empty() } catch { throw error.coded("output.collect") }
        do throws(GloveboxError) {
            return try TreeTransfer.receive(into: directory, bytes: bytes, entries: files, over: link)
        } catch {
            guard ["code.", "upload.", "input."].contains(where: error.code.hasPrefix) else { throw error }
            throw GloveboxError("output.collect", "what the run left cannot leave its node: \(error.message)")
        }
    }

    /// The node's signed statement, when it says what was seen here.
    private func statement(
        on order: NodeOrder,
        _ result: JSONValue,
        _ trees: [Digest?],
        _ protections: JailProtections
    ) throws(GloveboxError) -> RemoteStatement {
        guard case .signed(let bytes, let salt) = try link.message(milliseconds: Self.short), salt.count == 32 else {
            throw NodeMessage.unexpected
        }
        let expected = NodeStatement(
            job: run.job,
            run: run.number,
            plan: plan,
            order: order.digest,
            launcher: launcher,
            protections: protections.json,
            result: NodeStatement.commit(result, trees, salt: salt)
        )
        let envelope = try Envelope(parsing: bytes, expecting: NodeStatement.type)
        try VerifyingKey(certificate: node.certificate).check(envelope.signature, over: envelope.pae)
        guard envelope.payload == expected.payload else {
            throw GloveboxError("worker.statement", "the node \(node.name) signed something else than it said")
        }
        return RemoteStatement(node: node.name, envelope: envelope.bytes, certificate: node.certificate)
    }

    static func scratch(bytes: UInt64, files: UInt64) throws(GloveboxError) -> Descriptor {
        guard Kernel.isHostRoot else {
            throw GloveboxError("worker.privilege", "only root can stage in memory what goes to a node")
        }
        do { return try DetachedMount.scratch(bytes: bytes, files: files) } catch { throw error.coded("jail.staging") }
    }
}
