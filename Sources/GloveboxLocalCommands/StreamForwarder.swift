internal import GloveboxCore
internal import GloveboxLinux
internal import Synchronization

/// Passes what a command writes on to one of this process's own streams, on a thread of its own: whoever reads it slowly
/// holds up that stream, and not the loop that watches the jail.
///
/// A command that says nothing costs no thread.
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
    private let thread = Mutex<BackgroundThread?>(nil)

    /// So much may wait; who has more to say waits for whoever reads.
    private static let most = 4 << 20

    /// Writes to that stream.
    init(to descriptor: Int32) { queue = Queue(descriptor) }

    /// Whether more may be added.
    var hasRoom: Bool { queue.content.withLock { $0.bytes < Self.most } }

    /// Adds bytes; returns at once, or when they are written where no thread can be started.
    func add(_ bytes: [UInt8]) {
        queue.content.withLock { content in
            content.chunks.append(bytes)
            content.bytes += bytes.count
        }
        thread.withLock { thread in
            do {
                let running = try thread ?? BackgroundThread { [queue] in queue.write() }
                thread = running
                running.wake()
            } catch { queue.write() }
        }
    }

    /// Waits until all is written, or the reader is gone.
    func finish() { thread.withLock { $0 }?.stop() }
}
