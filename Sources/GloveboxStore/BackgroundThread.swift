internal import Glibc
internal import GloveboxCore
internal import Synchronization

/// One thread for blocking work: it sleeps until the bell rings, works, and sleeps again.
final class BackgroundThread: Sendable {
    /// Milliseconds from one piece of work to the next, so that many rings make one piece.
    private static let pause = 100
    /// Milliseconds after which it looks again although nothing rang.
    private static let longest = 1000

    private final class Loop: Sendable {
        let bell: Bell
        let end = Bell()
        let work: @Sendable () -> Void

        init(_ bell: Bell, _ work: @escaping @Sendable () -> Void) {
            self.bell = bell
            self.work = work
        }

        func run() {
            repeat {
                bell.wait(milliseconds: longest)
                work()
            } while !end.wait(milliseconds: pause)
        }
    }

    private let loop: Loop
    private let thread: Mutex<pthread_t?>

    /// Starts the thread.
    ///
    /// - Throws: `store.io`.
    init(_ bell: Bell, work: @escaping @Sendable () -> Void) throws(GloveboxError) {
        loop = Loop(bell, work)
        let argument = unsafe Unmanaged.passRetained(loop)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Loop>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            },
            argument.toOpaque()
        )
        guard code == 0 else {
            unsafe argument.release()
            throw SystemCall.failure("pthread_create", "publisher", code)
        }
        self.thread = Mutex(thread)
    }

    /// Lets running work finish and ends the thread.
    func stop() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        loop.end.ring()
        loop.bell.ring()
        _ = pthread_join(running, nil)
    }

    deinit { stop() }
}
