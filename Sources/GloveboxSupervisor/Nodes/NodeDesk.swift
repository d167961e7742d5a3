internal import Glibc
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxImages
internal import GloveboxJail
internal import GloveboxLink
internal import GloveboxLinux
internal import GloveboxMeasure

/// Carries out a site's orders, one after the other.
struct NodeDesk {
    let keys: NodeKeys
    let task: String
    /// Path and digest of `glovebox-jail`.
    let launcher: (path: String, digest: Digest)
    let link: LinkSocket
    /// Orders that were carried out or refused.
    private var seen: Set<Digest> = []
    /// Seconds that an order may be old.
    private let age: Int64
    /// What the run's first order proved; later ones come with the same evidence, when its certificate may have ended.
    private var proven: (evidence: Digest, plan: Manifest, run: (job: String, number: UInt64))?

    init(
        keys: NodeKeys,
        task: String,
        launcher: (path: String, digest: Digest),
        link: LinkSocket,
        age: Int64 = OrderAppraisal.patience
    ) {
        (self.keys, self.task, self.launcher, self.link, self.age) = (keys, task, launcher, link, age)
    }

    /// Milliseconds that the site may take to log that a jail stands.
    private static let patience: Int32 = 600_000

    /// Checks an order, runs its jail, and sends back what came of it.
    ///
    /// - Throws: `worker.order`, codes of `verify`, `image.*`, `jail.*`, `link.*`.
    mutating func serve(_ order: NodeOrder) throws(GloveboxError) {
        guard seen.insert(order.nonce).inserted else { throw NodeOrder.refused("the same order comes twice") }
        let (plan, run) = try proof(order)
        var jail = try order.specification(under: plan, root: .empty)
        jail.root = try root(of: plan, order)
        if order.hasInput {
            var bytes: [UInt8] = []
            try TreeTransfer.receive(limit: 16 << 20, over: link) { (piece) throws(GloveboxError) in bytes += piece }
            do { jail.input = try Descriptor.sealed(bytes, name: "input") } catch { throw error.coded("jail.staging") }
        }
        let (result, directories) = try runJail(jail, plan)
        try answer(order, plan, run, jail, result, directories)
    }

    /// The plan that may run, and for which run.
    private mutating func proof(
        _ order: NodeOrder
    ) throws(GloveboxError) -> (Manifest, (job: String, number: UInt64)) {
        let evidence = order.evidenceDigest
        if let proven {
            guard proven.evidence == evidence else { throw NodeOrder.refused("the order is of another run") }
            return (proven.plan, proven.run)
        }
        let appraisal = OrderAppraisal(order.evidence, root: keys.root, now: Machine.now(), patience: age)
        guard let plan = appraisal.plan, let run = appraisal.run else {
            throw appraisal.causes.first ?? NodeOrder.refused("the order cannot be read")
        }
        guard run.job == task else {
            throw NodeOrder.refused("the order is for \(Display.escape(run.job)), another job")
        }
        guard let node = appraisal.node, node.utf8.elementsEqual(keys.name.utf8) else {
            throw NodeOrder.refused("the run is not this node's")
        }
        proven = (evidence, plan, run)
        return (plan, run)
    }

    /// The image, which the site sends when it is not here yet; kept by digest, as it was measured.
    private func root(of plan: Manifest, _ order: NodeOrder) throws(GloveboxError) -> JailSpecification.Root {
        let store = try ImageStore(directory: keys.images)
        let digest = plan.core.image.digest
        let isHere = try store.list().contains { $0.digest == digest }
        try link.send(.needs(image: !isHere))
        if !isHere {
            let path = "\(keys.images)/\(Machine.identifier("image"))"
            defer { unsafe unlink(path) }
            let file: Descriptor
            do throws(SyscallError) { file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW) } catch
            {
                throw error.coded("image.io")
            }
            try TreeTransfer.receive(limit: order.image.bytes, over: link) { (piece) throws(GloveboxError) in
                do throws(SyscallError) { try file.write(piece) } catch { throw error.coded("image.io") }
            }
            guard try Machine.sha256(file: path) == digest else {
                throw GloveboxError("rootfs.mismatch", "the image that the site sent is not the one of the plan")
            }
            _ = try store.add(file: path, name: nil)
        }
        let image = try store.resolve(digest.hex)
        let file = try store.measured(image)
        if Kernel.isHostRoot { return .file(file, format: try JobJail.format(image.format)) }
        return .directory(try store.unpacked(image, from: file.path))
    }

    /// Runs the jail; its result, and the directories that the program could write.
    private func runJail(
        _ jail: JailSpecification,
        _ plan: Manifest
    ) throws(GloveboxError) -> (JailResult, [Descriptor]) {
        let (link, staged, code) = (link, jail.staged, plan.core.code.nar)
        let watch = try LinkWatch(link)
        var directories: [Descriptor] = []
        var given = JailProtections()
        var hooks = JailRun.Hooks()
        hooks.cancel = watch.cancel
        hooks.protect = { (protections: JailProtections) throws(GloveboxError) in given = protections }
        hooks.stage = { (places: [Descriptor], writer: FileIdentity) throws(GloveboxError) in
            directories = zip(staged, places).filter { $0.0.isWritable }.map(\.1)
            try link.send(.ready(given))
            var digests: [Digest] = []
            for (place, directory) in zip(staged, places) {
                let digest = try writer.perform { () throws(GloveboxError) in
                    try TreeTransfer.receive(into: directory, bytes: place.bytes, entries: place.inodes, over: link)
                }
                guard place.path != TaskLayout.code || digest == code else {
                    throw GloveboxError("plan.digest-mismatch", "the code that the site sent is not the plan's")
                }
                digests.append(digest ?? .zero)
            }
            try link.send(.staged(digests))
        }
        hooks.start = { (readback: JailReadback, protections: JailProtections) throws(GloveboxError) in
            try link.send(.built(readback, protections))
            guard case .execute = try link.message(milliseconds: Self.patience) else { throw NodeMessage.unexpected }
            watch.start()
        }
        hooks.output = { bytes, isError in
            do { try link.send(isError ? .error : .out, bytes) } catch { watch.giveUp() }
        }
        defer { watch.end() }
        let result = try JailRun(launcher: launcher.path).run(jail, hooks: hooks)
        watch.end()
        if watch.isLost { throw LinkSocket.lost }
        return (result, directories)
    }

    private func answer(
        _ order: NodeOrder,
        _ plan: Manifest,
        _ run: (job: String, number: UInt64),
        _ jail: JailSpecification,
        _ result: JailResult,
        _ directories: [Descriptor]
    ) throws(GloveboxError) {
        let told = result.json
        try link.send(.ended(told))
        var trees: [Digest?] = []
        for directory in directories + (jail.hasOutput ? [result.output].compactMap { $0 } : []) {
            trees.append(try TreeTransfer.send(directory, over: link))
        }
        let salt = Machine.random(32)
        let statement = NodeStatement(
            job: run.job,
            run: run.number,
            plan: plan.digest,
            order: order.digest,
            launcher: launcher.digest,
            protections: result.protections.json,
            result: NodeStatement.commit(told, trees, salt: salt)
        )
        let envelope = try keys.signer.sign(statement.payload, type: NodeStatement.type)
        try link.send(.signed(envelope: envelope.bytes, salt: salt))
    }
}
