internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

extension Site {
    /// Greatest number of nodes that are not removed.
    private static let mostNodes = 1024

    /// Certificates (DER) under which TLS lets nodes in: the roots above the site's node CAs.
    ///
    /// A node shows its CA's certificate beside its own. What counts then is ``node(presenting:at:)``.
    var nodeRoots: [[UInt8]] {
        var roots: [[UInt8]] = []
        for authority in keys.nodeAuthorities where !roots.contains(authority.root) { roots.append(authority.root) }
        return roots
    }

    /// The node that presents a certificate (DER) in TLS, if jobs may be given to it now.
    ///
    /// - Throws: as ``knownNode(presenting:at:)``; `node.draining`.
    func node(presenting certificate: [UInt8], at now: Instant = Machine.now()) throws(GloveboxError) -> RegisteredNode
    {
        let node = try knownNode(presenting: certificate, at: now)
        guard node.standing == .enrolled else {
            throw GloveboxError(
                "node.draining",
                "the node \(node.name) is given no more jobs",
                hint: "An operator may give it jobs again: glovebox node resume \(node.name)."
            )
        }
        return node
    }

    /// The node that presents a certificate (DER) in TLS, if it may be connected now, though it may be draining.
    ///
    /// The registry decides: a certificate that is still good lets no node in that was removed.
    ///
    /// - Throws: `node.certificate`, `node.unknown`, `node.removed`, `node.expired`.
    func knownNode(
        presenting certificate: [UInt8],
        at now: Instant = Machine.now()
    ) throws(GloveboxError) -> RegisteredNode {
        let revoked = read { state in state.revocations }
        let authorities = keys.nodeAuthorities.filter { authority in
            !revoked.contains { $0.key == authority.key && $0.from <= now }
        }
        let shown = try NodeCertificate(certificate, issuedBy: authorities.map(\.certificate))
        guard let node = read({ state in state.nodes[shown.key] }), node.name.utf8.elementsEqual(shown.name.utf8) else {
            throw GloveboxError("node.unknown", "no node with this key and name is enrolled")
        }
        switch node.state(at: now) {
        case .removed: throw GloveboxError("node.removed", "the node \(node.name) was removed")
        case .enrolled where now < shown.notAfter && shown.notBefore <= now,
            .draining where now < shown.notAfter && shown.notBefore <= now:
            return node
        case .enrolled, .draining, .expired:
            throw GloveboxError(
                "node.expired",
                "the certificate of the node \(node.name) is not good now",
                hint: "An operator may give it another: glovebox node enroll."
            )
        }
    }

    /// Checks that jobs may be given to the node of that name.
    ///
    /// - Throws: `object.not-found`, `node.draining`, `node.expired`.
    func requireEnrolled(_ name: String) throws(GloveboxError) {
        let node = try liveNode(name)
        switch node.state(at: Machine.now()) {
        case .enrolled: return
        case .draining: throw GloveboxError("node.draining", "the node \(node.name) is given no more jobs")
        case .expired, .removed:
            throw GloveboxError("node.expired", "the certificate of the node \(node.name) is not good now")
        }
    }

    /// Lets a node run jobs, or gives one that may another certificate.
    ///
    /// The registry has it before there is a certificate; where none came of it, the same request may come again.
    ///
    /// - Throws: `node.request`, `node.authority`, `object.conflict`, `key.revoked`, `key.wrong-role`, `quota.exceeded`,
    ///   `log.*`, `signer.*`.
    func enrollNode(_ caller: Caller, _ request: EnrollNodeRequest) throws(GloveboxError) -> EnrolledNode {
        let asked = try NodeRequest(pem: Array(request.request.utf8))
        let key = asked.key.digest
        let expires = Instant(seconds: Machine.now().seconds + Int64(request.days) * 86400)
        let authority = try nodeAuthority(until: expires)
        let index = try enrolments.withLock { _ throws(GloveboxError) in
            try requireFree(asked)
            return try record(
                Event(
                    kind: .nodeEnrolled,
                    actor: caller.account,
                    entity: key.hex,
                    fields: [("spki", .string(key.hex)), ("notAfter", .string(expires.text))]
                ),
                [
                    "node": key.json, "name": .string(asked.name), "account": .string(caller.account),
                    "expires": .string(expires.text),
                ]
            )
        }
        let (entry, proof) = try log.proof(index)
        let certificate = try signer.certify(
            NodeCertification(request: asked.der, notAfter: expires, entry: entry, proof: proof.bytes)
        )
        let chain = [certificate, authority].flatMap { PEM.encode($0, label: "CERTIFICATE") }
        let root = PEM.encode(keys.rootCertificate, label: "CERTIFICATE")
        return EnrolledNode(
            chain: String(decoding: chain, as: UTF8.self),
            root: String(decoding: root, as: UTF8.self),
            authority: shownAuthority.map { String(decoding: $0, as: UTF8.self) },
            info: try info(named: asked.name)
        )
    }

    /// The authority above the certificate that nodes are shown, PEM; nil where its file does not say.
    private var shownAuthority: [UInt8]? {
        guard let settings = settings.jobs.nodes else { return nil }
        do throws(GloveboxError) {
            return CertificateAuthority.last(of: try StateFile.read(settings.certificate))
        } catch { return nil }  // the node's operator then has to bring it
    }

    /// All nodes, those that were removed last, by name.
    func nodeList() -> [NodeInfo] {
        read { state in Array(state.nodes.values) }
            .sorted { left, right in
                let ranks = (left.standing == .removed ? 1 : 0, right.standing == .removed ? 1 : 0)
                return (ranks.0, left.name, left.enrolled) < (ranks.1, right.name, right.enrolled)
            }
            .map { info($0) }
    }

    /// Gives a node no more jobs.
    ///
    /// - Throws: `object.not-found`, `object.conflict`, `log.*`.
    func drainNode(_ caller: Caller, name: String, reason: String) throws(GloveboxError) -> NodeInfo {
        try move(name, .nodeDrained, caller, reason) { node throws(GloveboxError) in
            guard node.standing == .enrolled else {
                throw GloveboxError("object.conflict", "the node \(node.name) is draining already")
            }
        }
    }

    /// Gives a draining node jobs again.
    ///
    /// - Throws: `object.not-found`, `object.conflict`, `log.*`.
    func resumeNode(_ caller: Caller, name: String, reason: String) throws(GloveboxError) -> NodeInfo {
        try move(name, .nodeResumed, caller, reason) { node throws(GloveboxError) in
            guard node.standing == .draining else {
                throw GloveboxError("object.conflict", "the node \(node.name) is not draining")
            }
        }
    }

    /// Removes a node, ends its connections, and refuses its key from now on; another may take its name.
    ///
    /// - Throws: `object.not-found`, `log.*`.
    func removeNode(_ caller: Caller, name: String, reason: String) throws(GloveboxError) -> NodeInfo {
        let info = try move(name, .nodeRemoved, caller, reason) { _ throws(GloveboxError) in }
        nodes.cut(info.key)
        return info
    }

    /// Records a change of the node of that name, if it is one that may be.
    private func move(
        _ name: String,
        _ kind: EventKind,
        _ caller: Caller,
        _ reason: String,
        _ check: (RegisteredNode) throws(GloveboxError) -> Void
    ) throws(GloveboxError) -> NodeInfo {
        let key = try enrolments.withLock { _ throws(GloveboxError) in
            let node = try liveNode(name)
            try check(node)
            try record(
                Event(
                    kind: kind,
                    actor: caller.account,
                    entity: node.key.hex,
                    fields: [("spki", .string(node.key.hex))]
                ),
                ["node": node.key.json, "reason": .string(reason)]
            )
            return node.key
        }
        guard let node = read({ state in state.nodes[key] }) else { throw Self.noNode(name) }
        return info(node)
    }

    /// The node that has a name now.
    private func liveNode(_ name: String) throws(GloveboxError) -> RegisteredNode {
        let node = read { state in
            state.nodes.values.first { $0.standing != .removed && $0.name.utf8.elementsEqual(name.utf8) }
        }
        guard let node else { throw Self.noNode(name) }
        return node
    }

    private func info(named name: String) throws(GloveboxError) -> NodeInfo { info(try liveNode(name)) }

    private func info(_ node: RegisteredNode) -> NodeInfo {
        let (since, jobs) = nodes.presence(of: node.key)
        return NodeInfo(
            name: node.name,
            key: node.key,
            state: node.state(at: Machine.now()),
            enrolledBy: node.enrolledBy,
            enrolled: node.enrolled,
            expires: node.expires,
            reason: node.reason,
            connectedSince: since,
            jobs: jobs,
            lacks: nodes.fallbacks(of: node.key)
        )
    }

    /// The nodes that may be given jobs and told that they lack full isolation, and what each lacks, by name.
    func nodesWithFallbacks(at now: Instant) -> [Waiting.Shortcoming] {
        read { state in state.nodes.values.filter { $0.state(at: now) == .enrolled } }
            .sorted { $0.name < $1.name }
            .compactMap { node in
                guard let lacks = nodes.fallbacks(of: node.key), !lacks.isEmpty else { return nil }
                return Waiting.Shortcoming(node: node.name, lacks: lacks)
            }
    }

    private static func noNode(_ name: String) -> GloveboxError {
        GloveboxError("object.not-found", "there is no node \(Display.escape(name))")
    }

    /// The certificate of the node CA in force, which must be good for as long.
    private func nodeAuthority(until end: Instant) throws(GloveboxError) -> [UInt8] {
        guard let authority = keys.nodeAuthorities.first?.certificate else {
            throw GloveboxError(
                "node.authority",
                "this site has no CA of nodes, since an earlier version founded it and its root is kept off it",
                hint: "Stop gloveboxd and make one: glovebox keys rotate nodes --root DIR."
            )
        }
        let last = try CertificateAuthority.end(of: authority)
        guard end <= last else {
            throw GloveboxError(
                "node.authority",
                "the site's CA of nodes ends at \(last.text), before the node's certificate would",
                hint: "Ask for fewer days, or stop gloveboxd and give it another: glovebox keys rotate nodes."
            )
        }
        return authority
    }

    /// Checks that the name is this key's or nobody's, and that the key is a node's or nobody's.
    private func requireFree(_ request: NodeRequest) throws(GloveboxError) {
        let (name, key) = (request.name, request.key.digest)
        let (known, holder, isPerson, live) = read { state in
            (
                state.nodes[key],
                state.nodes.values.first { $0.standing != .removed && $0.name.utf8.elementsEqual(name.utf8) },
                state.accounts.values.contains { $0.certificates.contains { $0.spki == key } },
                state.nodes.values.count { $0.standing != .removed }
            )
        }
        if let holder, holder.key != key {
            throw GloveboxError(
                "object.conflict",
                "there is a node \(name) with another key",
                hint: "Remove that one first: glovebox node remove \(name)."
            )
        }
        if let known {
            if known.standing == .removed {
                throw GloveboxError(
                    "key.revoked",
                    "the node with this key was removed",
                    hint: "Make another key: 'glovebox node request' with another directory."
                )
            }
            guard known.name.utf8.elementsEqual(name.utf8) else {
                throw GloveboxError("object.conflict", "this key is that of the node \(known.name)")
            }
            return
        }
        guard !isPerson else {
            throw GloveboxError("key.wrong-role", "this key is or was that of an account's client certificate")
        }
        guard live < Self.mostNodes else {
            throw GloveboxError("quota.exceeded", "the site has \(live) nodes", hint: "Remove some.")
        }
    }
}
