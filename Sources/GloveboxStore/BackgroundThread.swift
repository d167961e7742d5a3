internal import Glibc
internal import GloveboxCore
internal import Synchronization

/// One thread for blocking work: it sleeps until the bell rings, works, and sleeps again.
final class BackgroundThread: Sendable {
    /// When it works.
    struct Pace: Sendable {
        /// Milliseconds from one piece of work to the next, so that many rings make one piece.
        let pause: Int
        /// Milliseconds after which it looks again although nothing rang; nil is never.
        let longest: Int?

        /// As soon as it is asked to.
        static let atOnce = Pace(pause: 0, longest: nil)
        /// Now and then.
        static let leisurely = Pace(pause: 100, longest: 1000)
    }

    private final class Loop: Sendable {
        let bell: Bell
        let pace: Pace
        let end = Bell()
        let work: @Sendable () -> Void

        init(_ bell: Bell, _ pace: Pace, _ work: @escaping @Sendable () -> Void) {
            self.bell = bell
            self.pace = pace
            self.work = work
        }

        func run() {
            repeat {
                bell.wait(milliseconds: pace.longest)
                work()
            } while !end.wait(milliseconds: pace.pause)
        }
    }

    private let loop: Loop
    private let thread: Mutex<pthread_t?>

    /// Starts the thread.
    ///
    /// - Throws: `store.io`.
    init(_ bell: Bell, _ pace: Pace, work: @escaping @Sendable () -> Void) throws(GloveboxError) {
        loop = Loop(bell, pace, work)
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
