internal import Glibc
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxLink
internal import GloveboxLinux
internal import GloveboxMeasure
internal import Synchronization

/// A run whose order left in a file, until the node's result is in.
final class OfflineRun: Sendable {
    let job: String
    /// The node's name at the site.
    private let node: String
    /// The order's digest.
    private let order: Digest
    /// Greatest length of a result in bytes.
    private let limit: UInt64
    private let site: Site
    private let bell: (read: Descriptor, write: Descriptor)
    private let taken = Mutex<Taken?>(nil)

    /// A result whose seal was checked.
    struct Taken: Sendable {
        let file: Descriptor
        let certificate: [UInt8]
    }

    /// Bytes that a result may have beside what the program leaves.
    private static let more: UInt64 = 1 << 30

    /// Describes one.
    ///
    /// - Throws: `worker.bundle`.
    init(
        job: String,
        node: String,
        order: NodeOrder,
        specification: JailSpecification,
        site: Site
    ) throws(GloveboxError) {
        (self.job, self.node, self.site) = (job, node, site)
        self.order = order.digest
        let own = specification.staged.filter(\.isWritable).map(\.bytes) + [specification.limits.outputBytes]
        limit = own.reduce(Self.more) { sum, bytes in
            let (all, overflow) = sum.addingReportingOverflow(bytes)
            return overflow ? .max : all
        }
        do { bell = try Descriptor.pipe() } catch { throw error.coded("worker.bundle") }
    }

    /// Waits for the result, for so many seconds at most.
    ///
    /// - Throws: `worker.lost` when none came, or when `cancel` can be read.
    func result(cancel: Descriptor?, seconds: Int64) throws(GloveboxError) -> Taken {
        let deadline = SystemClock.monotonicMilliseconds + UInt64(clamping: seconds) * 1000
        while true {
            if let taken = taken.withLock({ $0 }) { return taken }
            let now = SystemClock.monotonicMilliseconds
            guard now < deadline else {
                throw GloveboxError("worker.lost", "the node \(node) gave no result within \(seconds / 86400) days")
            }
            var polled = [
                pollfd(fd: bell.read.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: cancel?.raw ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let ready = unsafe poll(&polled, 2, Int32(clamping: deadline - now))
            if ready < 0, errno != EINTR { throw SyscallError("poll", errno).coded("worker.bundle") }
            if ready > 0, polled[1].revents != 0, polled[0].revents == 0 {
                throw GloveboxError("worker.lost", "the job was cancelled before the node \(node) gave a result")
            }
        }
    }

    /// Takes a result in, once: a copy of the file, when the node of the order sealed it.
    ///
    /// - Throws: `worker.result` for one that is not whole, is another's, or comes twice; codes of ``Site/knownNode(presenting:at:)``
    ///   and of envelopes.
    func take(_ file: Descriptor) throws(GloveboxError) {
        guard taken.withLock({ $0 }) == nil else { throw Self.refused("\(job) has a result already") }
        let copy = try copy(file)
        let certificate: [UInt8]
        do throws(GloveboxError) { certificate = try check(LinkSocket(copy)) } catch {
            throw error.code.hasPrefix("link.") ? Self.refused("the file is not a whole result") : error
        }
        try Self.rewind(copy)
        let isFirst = taken.withLock { taken in
            guard taken == nil else { return false }
            taken = Taken(file: copy, certificate: certificate)
            return true
        }
        guard isFirst else { throw Self.refused("\(job) has a result already") }
        do { try bell.write.write([0]) } catch { throw error.coded("worker.bundle") }
    }

    /// The file as it is now, where nobody can change it.
    private func copy(_ file: Descriptor) throws(GloveboxError) -> Descriptor {
        let path = "\(site.layout.incoming)/\(Machine.identifier("result"))"
        defer { unsafe unlink(path) }
        let copy: Descriptor
        do throws(SyscallError) {
            guard try file.status().isRegular else { throw SyscallError("open", EINVAL) }
            copy = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            var offset = 0
            while true {
                let bytes = try file.read(upTo: 1 << 20, at: offset)
                guard !bytes.isEmpty else { break }
                offset += bytes.count
                guard UInt64(offset) <= limit else { throw SyscallError("read", EFBIG) }
                try copy.write(bytes)
            }
        } catch { throw error.coded("worker.result") }
        try Self.rewind(copy)
        return copy
    }

    private static func rewind(_ file: Descriptor) throws(GloveboxError) {
        guard lseek(file.raw, 0, SEEK_SET) == 0 else { throw SyscallError("lseek", errno).coded("worker.result") }
    }

    /// The certificate of who sealed a result, when that is the node of the order, and every byte is as it was then.
    ///
    /// Nothing is done with the content: who changes a file, or hands in another's, changes nothing here.
    private func check(_ link: LinkSocket) throws(GloveboxError) -> [UInt8] {
        let head = try link.receive()
        guard head.kind == .data else { throw Self.refused("this is no node's result") }
        let known = try site.knownNode(presenting: head.bytes)
        guard known.name.utf8.elementsEqual(node.utf8) else {
            throw Self.refused("the order was for \(node), the result is \(known.name)'s")
        }
        var stream = SHA256Stream()
        stream.write(try head.encoded()[...])
        while true {
            let frame = try link.receive()
            if frame.kind == .message, case .sealed(let envelope) = try NodeMessage(frame) {
                guard case .closed = try link.wait() else { throw Self.refused("something stands behind the seal") }
                try ResultSeal(order: order, file: stream.finish()).check(envelope, by: head.bytes)
                return head.bytes
            }
            stream.write(try frame.encoded()[...])
        }
    }

    static func refused(_ why: String) -> GloveboxError { GloveboxError("worker.result", why) }
}

/// The runs whose nodes have no route here.
final class OfflineRuns: Sendable {
    private let runs = Mutex<[String: OfflineRun]>([:])

    /// Lets a run's result come in.
    func open(_ run: OfflineRun) { runs.withLock { $0[run.job] = run } }

    /// Takes no result of a job any more.
    func close(_ job: String) { runs.withLock { $0[job] = nil } }

    /// Takes a result in.
    ///
    /// - Throws: `worker.result`, as ``OfflineRun/take(_:)``.
    func take(_ file: Descriptor, of job: String) throws(GloveboxError) {
        guard let run = runs.withLock({ $0[job] }) else {
            throw OfflineRun.refused("\(Display.escape(job)) waits for no result")
        }
        try run.take(file)
    }
}
