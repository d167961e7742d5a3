internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLink
internal import GloveboxLinux

/// Has a node without a route to the site build and run a job's one jail: the order leaves in a file, and the result comes in one.
///
/// The log has the intent and what is staged before the file is whole. That the program began it has when the result is in:
/// nobody could stop it from here.
struct OfflineJails: JailHost {
    let site: Site
    let entry: JobEntry
    /// The node's name at the site.
    let node: String
    let evidence: KeyEvidence
    /// Where the bundle goes.
    let file: Descriptor
    /// Called when the bundle is whole.
    let written: @Sendable () -> Void

    func run(_ specification: JailSpecification, _ hooks: JailRun.Hooks) throws(GloveboxError) -> JailResult {
        let directories = try specification.staged.map { (staged) throws(GloveboxError) in
            try RemoteJails.scratch(bytes: staged.bytes, files: staged.inodes)
        }
        let tape = try LinkTape(to: file)
        let out = try RemoteJails(of: entry, at: site, node: (node, []), evidence: evidence, over: tape.link)
        let order = try out.order(for: specification)
        let sent: [Digest]
        do throws(GloveboxError) {
            try tape.link.send(.order(order))
            try TreeTransfer.send(file: out.file, over: tape.link)
            sent = try out.send(directories, hooks)
            try tape.link.send(.execute)
        } catch {
            // Why the file could not be written says more than that nobody listens.
            try tape.end()
            throw error
        }
        try tape.end()
        let run = try OfflineRun(
            job: entry.job.id,
            node: node,
            order: order,
            specification: specification,
            site: site
        )
        site.offline.open(run)
        defer { site.offline.close(entry.job.id) }
        written()
        let result = try run.result(cancel: hooks.cancel, seconds: OrderAppraisal.carried)
        return try conclude(result, of: out, order, specification, directories, sent, hooks)
    }

    /// Goes through a result as if the node said it now.
    private func conclude(
        _ result: OfflineRun.Taken,
        of out: RemoteJails,
        _ order: NodeOrder,
        _ specification: JailSpecification,
        _ directories: [Descriptor],
        _ sent: [Digest],
        _ hooks: JailRun.Hooks
    ) throws(GloveboxError) -> JailResult {
        let link = LinkSocket(result.file)
        let back = out.over(link, certificate: result.certificate)
        _ = try link.receive()  // the certificate
        guard case .offer = try link.message(), case .needs = try link.message(),
            case .ready(let offered) = try link.message()
        else { throw NodeMessage.unexpected }
        try offered.require(specification.required, isBuilt: false)
        try back.staged(as: sent)
        var hooks = hooks
        hooks.cancel = nil
        let standing = try back.built(specification, hooks)
        return try back.result(of: specification, order, directories, standing, hooks)
    }
}
