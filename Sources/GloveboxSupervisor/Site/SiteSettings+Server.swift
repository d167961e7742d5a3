internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxObjects

/// What the operator decided about jobs.
struct JobSettings: Sendable {
    /// What starts the processes of a job.
    enum Executor: String, Sendable {
        /// The supervisor itself.
        case local
        /// A worker that came for the job.
        case worker
        /// A worker that a cluster's scheduler starts; the supervisor hands the job in there.
        case cluster
    }

    /// What starts the processes of jobs here.
    var executor = Executor.local
    /// How the cluster is spoken with; nil without one.
    var cluster: ClusterSettings?
    /// Where nodes come in; nil where none may.
    var nodes: NodeSettings?
    /// Milliseconds for which a new job does nothing, so that a cancel sent at once always wins; at most an hour.
    var startGrace: Int64 = 50
    /// Whether a plan that mounts no private data runs without a person's approval.
    var hasNoPrivateDataRule = true
    /// What jobs that run side by side hold at most.
    ///
    /// Scratch is in memory and counts there, so there is no limit on disk but the operator's.
    var capacity = Resources(processors: Machine.processors, memory: Machine.memory, disk: .max)
    /// After how many days without enough approvals a job expires.
    var approvalDays: Int64 = 30
    /// Directories below which tasks may name files of this host.
    var fileRoots: [String] = []
    /// Buckets whose objects tasks may name.
    var buckets: [BucketSettings] = []
}

extension SiteSettings {
    /// Safety switches that are off, as every report and `healthz` name them.
    package var insecure: [String] {
        guard let network = server.network, network.tls == nil, !network.isLoopback else { return [] }
        return ["server.insecure_plain_http"]
    }

    /// Reads the sections `server`, `rate`, `jobs`, `quotas`, `retention`, `tes` and `approvals`; a path is relative to `folder`.
    ///
    /// Source: job-backend section 6.
    mutating func readServer(_ root: inout JSONFields, folder: String) throws(GloveboxError) {
        if let section = root.optional("server") { try readAddress(section, folder) }
        if let section = root.optional("rate") { try readRates(section) }
        if let section = root.optional("jobs") {
            var fields = try JSONFields(section, at: "jobs")
            jobs.startGrace = try Self.number(&fields, "start_grace_ms", 0...3_600_000) ?? jobs.startGrace
            func room(_ name: String) throws(GloveboxError) -> UInt64? {
                try Self.number(&fields, name, 1...1 << 30).map { UInt64($0) << 20 }
            }
            if let value = fields.optional("executor") {
                guard let executor = value.string.flatMap(JobSettings.Executor.init(rawValue:)) else {
                    throw Self.invalid("jobs.executor is local, worker or cluster")
                }
                jobs.executor = executor
            }
            let cluster = fields.optional("cluster")
            if jobs.executor == .cluster {
                jobs.cluster =
                    try cluster.map { (section) throws(GloveboxError) in
                        try ClusterSettings(section, folder: folder)
                    } ?? ClusterSettings()
            } else if cluster != nil {
                throw Self.invalid("jobs.cluster has no use without jobs.executor: cluster")
            }
            if let section = fields.optional("nodes") {
                guard jobs.executor != .local else {
                    throw Self.invalid("jobs.nodes has no use with jobs.executor: local")
                }
                jobs.nodes = try NodeSettings(section, folder: folder)
            }
            if let slots = try Self.number(&fields, "slots", 1...1024) { jobs.capacity.processors = Int(slots) }
            jobs.capacity.memory = try room("memory_mib") ?? jobs.capacity.memory
            jobs.capacity.disk = try room("disk_mib") ?? jobs.capacity.disk
            jobs.approvalDays = try Self.number(&fields, "approval_deadline_days", 1...3650) ?? jobs.approvalDays
            try fields.finish()
        }
        if let section = root.optional("quotas") {
            var fields = try JSONFields(section, at: "quotas")
            quotas.concurrent = try Self.number(&fields, "concurrent", 1...1_000_000) ?? quotas.concurrent
            quotas.queued = try Self.number(&fields, "queued", 1...1_000_000) ?? quotas.queued
            try fields.finish()
        }
        if let section = root.optional("retention") {
            var fields = try JSONFields(section, at: "retention")
            retention.uploadDays = try Self.number(&fields, "uploads_days", 1...36500) ?? retention.uploadDays
            retention.imageDays = try Self.number(&fields, "images_days", 1...36500) ?? retention.imageDays
            retention.textDays = try Self.number(&fields, "texts_days", 1...36500) ?? retention.textDays
            retention.resultDays = try Self.number(&fields, "results_days", 1...36500)
            try fields.finish()
        }
        if let section = root.optional("tes") {
            var fields = try JSONFields(section, at: "tes")
            server.hasTasks = try Self.flag(&fields, "enabled") ?? server.hasTasks
            jobs.fileRoots = try Self.texts(&fields, "file_roots")
            for root in jobs.fileRoots where !root.hasPrefix("/") || TaskURL.path(ofFile: "file://" + root) != root {
                throw Self.invalid("tes.file_roots: \(Display.escape(root)) is not a plain absolute path")
            }
            jobs.buckets = try Self.buckets(&fields, folder)
            server.fullWait = Int(try Self.number(&fields, "full_wait_ms", 0...3000) ?? Int64(server.fullWait))
            try fields.finish()
        }
        if let section = root.optional("approvals") {
            var fields = try JSONFields(section, at: "approvals")
            jobs.hasNoPrivateDataRule = try Self.flag(&fields, "no_private_data_rule") ?? true
            try fields.finish()
        }
    }

    private mutating func readAddress(_ section: JSONValue, _ folder: String) throws(GloveboxError) {
        var fields = try JSONFields(section, at: "server")
        let listen = try fields.optional("listen").map { (value) throws(GloveboxError) in
            try Self.address(value, "server.listen")
        }
        server.allowsPlainHTTP = try Self.flag(&fields, "insecure_plain_http") ?? false
        var tls: NetworkAddress.TLSFiles?
        if let value = fields.optional("tls") {
            var files = try JSONFields(value, at: "server.tls")
            tls = NetworkAddress.TLSFiles(
                certificate: Self.path(try files.string("cert"), folder),
                key: Self.path(try files.string("key"), folder)
            )
            tls?.clientAuthority = files.optional("client_ca")?.string.map { Self.path($0, folder) }
            try files.finish()
        }
        try readClients(&fields, &tls)
        try fields.finish()
        guard let listen else {
            guard tls == nil else { throw Self.invalid("server.tls has no use without server.listen") }
            return
        }
        let network = NetworkAddress(host: listen.host, port: listen.port, tls: tls)
        guard tls != nil || network.isLoopback || server.allowsPlainHTTP else {
            throw GloveboxError(
                "config.invalid",
                "server.listen is not a loopback address, and there is no server.tls",
                hint: "Name server.tls.cert and server.tls.key, or set server.insecure_plain_http to true."
            )
        }
        server.network = network
    }

    /// `require_mtls` and `cors_origins`.
    private mutating func readClients(
        _ fields: inout JSONFields,
        _ tls: inout NetworkAddress.TLSFiles?
    ) throws(GloveboxError) {
        for name in try Self.texts(&fields, "require_mtls") {
            guard let role = Role(rawValue: name) else {
                throw Self.invalid(
                    "server.require_mtls names roles: \(Role.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            server.certified.insert(role)
        }
        if !server.certified.isEmpty {
            guard tls?.clientAuthority != nil else {
                throw Self.invalid("server.require_mtls needs server.tls.client_ca, which signs clients' certificates")
            }
            tls?.isCertificateOptional = true
        }
        server.origins = try Self.texts(&fields, "cors_origins")
        for origin in server.origins where !Self.isOrigin(origin) {
            throw Self.invalid(
                "server.cors_origins: \(Display.escape(origin)) is not an origin such as https://portal.example"
            )
        }
    }

    /// Scheme, host and perhaps port, as browsers write them: no path, no wildcard, not `null`.
    private static func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let host = text.dropFirst(scheme.count)
        return !host.isEmpty
            && host.utf8.allSatisfy { byte in
                (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
                    || [0x2d, 0x2e, 0x3a, 0x5b, 0x5d].contains(byte)
            }
    }

    static func texts(_ fields: inout JSONFields, _ name: String) throws(GloveboxError) -> [String] {
        guard let value = fields.optional(name) else { return [] }
        guard let list = value.array else { throw invalid("\(name) is a list") }
        var texts: [String] = []
        for element in list {
            guard let text = element.string else { throw invalid("\(name) is a list of text") }
            texts.append(text)
        }
        return texts
    }

    private mutating func readRates(_ section: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(section, at: "rate")
        func count(_ name: String, _ value: inout Int) throws(GloveboxError) {
            if let number = try Self.number(&fields, name, 1...1_000_000) { value = Int(number) }
        }
        try count("reads_per_second", &server.rates.reads.perSecond)
        try count("reads_burst", &server.rates.reads.burst)
        try count("writes_per_second", &server.rates.writes.perSecond)
        try count("writes_burst", &server.rates.writes.burst)
        try count("uploads", &server.rates.uploads)
        try count("streams", &server.rates.streams)
        try count("waits", &server.rates.waits)
        try count("all_waits", &server.rates.allWaits)
        try count("failed_logins_per_minute", &server.rates.failedLogins)
        try fields.finish()
    }

    /// The list `s3` of the section `tes`.
    private static func buckets(_ fields: inout JSONFields, _ folder: String) throws(GloveboxError) -> [BucketSettings]
    {
        guard let value = fields.optional("s3") else { return [] }
        guard let list = value.array else { throw invalid("tes.s3 is a list of buckets") }
        var buckets: [BucketSettings] = []
        for element in list {
            var fields = try JSONFields(element, at: "tes.s3")
            let bucket = try BucketSettings(
                bucket: fields.string("bucket"),
                endpoint: fields.string("endpoint"),
                region: fields.optionalString("region") ?? "us-east-1",
                credentials: path(fields.string("credentials"), folder),
                authorities: fields.optionalString("ca").map { path($0, folder) }
            )
            try fields.finish()
            guard !buckets.contains(where: { $0.bucket == bucket.bucket }) else {
                throw invalid("tes.s3 names the bucket \(bucket.bucket) twice")
            }
            buckets.append(bucket)
        }
        return buckets
    }

    static func path(_ name: String, _ folder: String) -> String {
        name.hasPrefix("/") ? name : folder + "/" + name
    }

    static func flag(_ fields: inout JSONFields, _ name: String) throws(GloveboxError) -> Bool? {
        guard let value = fields.optional(name) else { return nil }
        guard let flag = value.bool else { throw invalid("\(name) is true or false") }
        return flag
    }

    static func number(
        _ fields: inout JSONFields,
        _ name: String,
        _ range: ClosedRange<Int64>
    ) throws(GloveboxError) -> Int64? {
        guard let value = fields.optional(name) else { return nil }
        guard let number = value.integer, range.contains(number) else {
            throw invalid("\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
