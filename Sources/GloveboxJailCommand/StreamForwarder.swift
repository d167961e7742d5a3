internal import GloveboxCore
internal import GloveboxLinux
internal import Synchronization

/// Passes what a command writes on to one of this process's own streams, on a thread of its own: whoever reads it slowly
/// holds up that stream, and not the loop that watches the jail.
final class StreamForwarder: Sendable {
    /// What waits to be written; kept apart from the thread that writes it.
    private final class Queue: Sendable {
        struct Content {
            var chunks: [[UInt8]] = []
            var bytes = 0
        }

        let content = Mutex(Content())
        let descriptor: Int32

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        func write() {
            while case let chunks = content.withLock({ $0.chunks }), !chunks.isEmpty {
                for chunk in chunks { JailReportText.write(chunk, to: descriptor) }
                content.withLock { content in
                    content.chunks.removeFirst(chunks.count)
                    content.bytes -= chunks.reduce(0) { $0 + $1.count }
                }
            }
        }
    }

    private let queue: Queue
    private let thread: BackgroundThread

    /// So much may wait; who has more to say waits for whoever reads.
    private static let most = 4 << 20

    /// Writes to that stream.
    ///
    /// - Throws: `jail.stream` when no thread can be started.
    init(to descriptor: Int32) throws(GloveboxError) {
        let queue = Queue(descriptor)
        self.queue = queue
        do { thread = try BackgroundThread { queue.write() } } catch { throw error.coded("jail.stream") }
    }

    /// Whether more may be added.
    var hasRoom: Bool { queue.content.withLock { $0.bytes < Self.most } }

    /// Adds bytes; returns at once.
    func add(_ bytes: [UInt8]) {
        queue.content.withLock { content in
            content.chunks.append(bytes)
            content.bytes += bytes.count
        }
        thread.wake()
    }

    /// Waits until all is written, or the reader is gone.
    func finish() { thread.stop() }
}
