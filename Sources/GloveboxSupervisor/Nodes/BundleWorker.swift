internal import Foundation
internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxJail
internal import GloveboxLink
internal import GloveboxLinux
internal import GloveboxMeasure
internal import Synchronization

/// One job's jail on this machine, which has no route to the site: the order comes in a file, and the result leaves in one.
///
/// What is checked is what ``NodeWorker`` checks. An order is carried out once, and counts for seven days.
package struct BundleWorker {
    private let keys: NodeKeys
    private let task: String
    private let bundle: String
    private let result: String

    /// A worker for the job of a bundle; `keys` is the node's directory, and at `result` no file may be yet.
    ///
    /// - Throws: as ``NodeWorker/init(keys:supervisor:task:)``.
    package init(keys: String, bundle: String, result: String, task: String) throws(GloveboxError) {
        self.keys = try NodeKeys(keys)
        (self.bundle, self.result, self.task) = (bundle, result, task)
    }

    /// Runs the jail, and writes the result whole or not at all.
    ///
    /// It must stay on one thread that lives as long: the kernel kills a jail when the thread that started it ends.
    ///
    /// - Throws: `worker.order` and codes of `verify` for what the node does not run; `worker.bundle`; `jail.*`.
    package func run() throws(GloveboxError) {
        let source: Descriptor
        let file: Descriptor
        do {
            source = try Descriptor.open(bundle, O_RDONLY | O_NOFOLLOW)
            file = try Descriptor.open(result, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        } catch { throw error.coded("worker.bundle") }
        var isWhole = false
        defer { if !isWhole { unsafe unlink(result) } }
        let machine = try NodeMachine()
        let head = try LinkFrame(.data, NodeCertificate.leaf(inChain: StateFile.read(keys.certificate))).encoded()
        do { try file.write(head) } catch { throw error.coded("worker.bundle") }
        let needs = Answer()
        let sum = FileSum()
        sum.add(head)
        let tape = try LinkTape(to: file) { frame in
            do throws(GloveboxError) { sum.add(try frame.encoded()) } catch {}
            do throws(GloveboxError) { if case .needs(let image) = try NodeMessage(frame) { needs.give(image) } } catch
            {}
        }
        let player = Thread { [tape] in Self.play(LinkSocket(source), to: tape.far, needs) }
        player.name = "bundle"
        player.start()
        let order: NodeOrder
        do throws(GloveboxError) {
            try tape.link.send(machine.offer(task))
            guard case .order(let given) = try tape.link.message() else { throw NodeMessage.unexpected }
            order = given
            try once(order.nonce)
            var desk = NodeDesk(
                keys: keys,
                task: task,
                launcher: machine.launcher,
                link: tape.link,
                age: OrderAppraisal.carried
            )
            try desk.serve(order)
        } catch {
            needs.give(false)
            tape.link.close()
            guard error.code != LinkSocket.lost.code else {
                throw GloveboxError("worker.bundle", "the bundle ends too early, or the result could not be written")
            }
            throw error
        }
        try tape.end()
        let seal = try ResultSeal(order: order.digest, file: sum.value).signed(by: keys.signer)
        let last = try LinkFrame(.message, NodeMessage.sealed(seal).bytes).encoded()
        do throws(SyscallError) {
            try file.write(last)
            guard fsync(file.raw) == 0 else { throw SyscallError("fsync", errno, result) }
        } catch { throw error.coded("worker.bundle") }
        isWhole = true
    }

    /// Notes an order before it is carried out, so that it never is again.
    private func once(_ nonce: Digest) throws(GloveboxError) {
        let directory = keys.directory + "/orders"
        if unsafe mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw SyscallError("mkdir", errno, directory).coded("worker.bundle")
        }
        do throws(SyscallError) {
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
            let mark = try Descriptor.open(directory + "/" + nonce.hex, flags, mode: 0o600)
            let parent = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
            guard fsync(mark.raw) == 0, fsync(parent.raw) == 0 else { throw SyscallError("fsync", errno, directory) }
        } catch {
            guard error.errno == EEXIST else { throw error.coded("worker.bundle") }
            throw NodeOrder.refused("this order was carried out before")
        }
    }

    /// Says what stands in a bundle up to its end, and leaves out the image where that is here.
    ///
    /// Then it stays: a site that has nothing more to say is not gone.
    private static func play(_ source: LinkSocket, to link: LinkSocket, _ needs: Answer) {
        do throws(GloveboxError) {
            try link.send(.message, source.receive().bytes)
            let takesImage = needs.wait()
            var isImage = true
            while case .frame(let frame) = try source.wait() {
                if !isImage || takesImage { try link.send(frame.kind, frame.bytes) }
                if frame.kind == .end { isImage = false }
                if frame.kind == .message, case .execute = try NodeMessage(frame) { return }
            }
        } catch {}
        // Who waits for more hears that nothing comes.
        _ = shutdown(link.descriptor.raw, Int32(SHUT_WR))
    }

    /// SHA-256 of what was written.
    private final class FileSum: Sendable {
        private let stream = Mutex(SHA256Stream())

        func add(_ bytes: [UInt8]) { stream.withLock { $0.write(bytes[...]) } }

        var value: Digest { stream.withLock { $0.finish() } }
    }

    /// Whether the node needs the image, once it says so.
    private final class Answer: Sendable {
        private let value = Mutex(false)
        private let given = DispatchSemaphore(value: 0)

        func give(_ needs: Bool) {
            value.withLock { $0 = needs }
            given.signal()
        }

        func wait() -> Bool {
            given.wait()
            return value.withLock { $0 }
        }
    }
}
